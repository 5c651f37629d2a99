// The pages work without this. With it, what was typed outlives a reload or a lost connection, in this tab only, and
// the sending of files shows how far it is.
"use strict";

// Its own scope: an answer that is written into the page runs this anew.
(() => {
  const PREFIX = "draft:";

  function typedFields(form) {
    return Array.from(form.querySelectorAll("input:not([type=hidden]):not([type=file]), textarea, select"));
  }

  // What makes sending it twice one complaint: a copy of the form that was sent and never answered keeps its key.
  function copyOf(form) {
    return Array.from(form.querySelectorAll("[name=submission_key], [name=form_stamp]"));
  }

  function keep(form) {
    const copy = copyOf(form).map((field) => [field.name, field.value]);
    const typed = typedFields(form).map((field) => [field.name, field.type === "checkbox" ? field.checked : field.value]);
    try {
      sessionStorage.setItem(PREFIX + form.dataset.draft, JSON.stringify({ copy, typed: typed.filter(([, value]) => value) }));
    } catch {
      // Without room or leave to store anything the form is as it was without this.
    }
  }

  function bringBack(form) {
    let draft = null;
    try {
      draft = JSON.parse(sessionStorage.getItem(PREFIX + form.dataset.draft));
    } catch {
      return;
    }
    if (!draft || draft.typed.length === 0) return;
    const isEmpty = typedFields(form).every((field) => (field.type === "checkbox" ? !field.checked : !field.value));
    // A form that comes filled in by a link knows less than what was typed over that.
    if (!isEmpty && !("draftOver" in form.dataset)) return;
    for (const [name, value] of [...draft.copy, ...draft.typed]) {
      const field = [...copyOf(form), ...typedFields(form)].find((field) => field.name === name);
      if (!field) continue;
      if (field.type === "checkbox") field.checked = value;
      else field.value = value;
    }
  }

  function send(event) {
    const form = event.currentTarget;
    const files = form.querySelector("input[type=file]");
    if (!files || files.files.length === 0) return;
    event.preventDefault();
    const buttons = form.querySelectorAll("button[type=submit]");
    const shown = form.querySelector(".sending");
    const bar = shown.querySelector("progress");
    const said = shown.querySelector("[role=status]");
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.upload.addEventListener("progress", (step) => {
      if (!step.lengthComputable) return;
      bar.max = step.total;
      bar.value = step.loaded;
      const tenths = Math.floor((10 * step.loaded) / step.total);
      // Said ten times at most, not with every packet.
      const words = `${said.dataset.sending}: ${tenths * 10} %`;
      if (said.textContent !== words) said.textContent = words;
    });
    request.addEventListener("load", () => {
      // Where the answer to a form that is sent without this would stand: a reload asks for no new form.
      history.replaceState(null, "", form.action);
      document.open();
      document.write(request.responseText);
      document.close();
    });
    request.addEventListener("error", () => {
      bar.hidden = true;
      buttons.forEach((button) => (button.disabled = false));
      said.textContent = said.dataset.broken;
    });
    bar.hidden = false;
    bar.removeAttribute("value");
    said.textContent = said.dataset.sending;
    request.send(new FormData(form, event.submitter));
    buttons.forEach((button) => (button.disabled = true));
  }

  // A link from a mail brings reference and code after the #, which no server is sent. They are moved into the fields, out
  // of the address that histories keep; a person presses the button, since what looks at links may run this, too.
  function takeReceipt(form) {
    const receipt = /^#([\w-]{1,40})\.([\w-]{1,64})$/.exec(location.hash);
    if (!receipt) return;
    form.elements.reference.value = receipt[1];
    form.elements.receipt_code.value = receipt[2];
    history.replaceState(null, "", location.pathname + location.search);
    form.querySelector("button[type=submit]").focus();
  }

  // What is on record is no draft any more.
  for (const done of document.querySelectorAll("[data-draft-done]")) {
    try {
      sessionStorage.removeItem(PREFIX + done.dataset.draftDone);
    } catch {
      // It was never stored, then.
    }
  }
  for (const form of document.querySelectorAll("form[data-receipt]")) {
    takeReceipt(form);
    window.addEventListener("hashchange", () => takeReceipt(form));
  }
  for (const form of document.querySelectorAll("form[data-draft]")) {
    bringBack(form);
    form.addEventListener("input", () => keep(form));
    form.addEventListener("submit", send);
  }
})();
