//! Files that come with a complaint: sealed as they come, judged by what they are, never a reason to lose the words.

use redress_contract::Contact;
use redress_web::Settings;
use redress_web::config::Uploads;
use reqwest::Response;
use reqwest::multipart::{Form, Part};
use serde_json::Value;

use crate::stage::{Hidden, Stage, TOLD, hidden_value};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR a small picture of a broken lamp";

pub(crate) fn file(name: &str, bytes: impl Into<std::borrow::Cow<'static, [u8]>>) -> Part {
    Part::bytes(bytes).file_name(name.to_owned())
}

pub(crate) fn filled_in(hidden: &Hidden) -> Form {
    let form =
        Form::new().text("submission_key", hidden.key.clone()).text("form_stamp", hidden.stamp.clone());
    form.text("what_happened", TOLD).text("email", "kim@example.org").text("website", "")
}

pub(crate) async fn send(stage: &Stage, form: Form) -> Response {
    stage.client.post(stage.path("/")).multipart(form).send().await.unwrap()
}

pub(crate) async fn only_contact(stage: &Stage) -> Contact {
    let mut contacts = stage.contacts().await;
    assert_eq!(contacts.len(), 1, "{contacts:?}");
    contacts.remove(0)
}

async fn bytes_of(stage: &Stage, contact: &Contact, at: usize) -> Vec<u8> {
    stage.vault.file(&contact.attachments[at]).await.unwrap().unwrap().to_vec()
}

/// The forms shown again ask for what is the matter with the files.
async fn refused(answer: Response, said: &str) -> String {
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.unwrap();
    assert!(page.contains(said) && page.contains(TOLD), "{said} is not in {page}");
    page
}

fn small() -> Settings {
    let uploads =
        Uploads { files_max: 2, file_mebibytes_max: 1, total_mebibytes_max: 1, ..Uploads::default() };
    Settings { uploads, ..Settings::default() }
}

#[tokio::test]
async fn files_of_a_form_are_on_record_and_a_reload_adds_none() {
    let stage = Stage::start().await;
    let hidden = stage.open().await;
    let letter = "Dear all,\n".repeat(200_000).into_bytes();
    for _ in 0..2 {
        let form = filled_in(&hidden)
            .part("attachments", file("../../lamp.png", PNG))
            .part("attachments", file("letter.txt", letter.clone()))
            .part("attachments", Part::bytes(&b""[..]).file_name(""));
        assert_eq!(send(&stage, form).await.status(), 202);
    }
    let contact = only_contact(&stage).await;
    let named: Vec<_> = contact
        .attachments
        .iter()
        .map(|file| (file.file_name.as_str(), file.media_type.as_str(), file.size_bytes as usize))
        .collect();
    assert_eq!(named, [("lamp.png", "image/png", PNG.len()), ("letter.txt", "text/plain", letter.len())]);
    assert!(contact.attachments.iter().all(|file| file.scan.is_unspecified()), "no clamd is set");
    assert_eq!(
        (bytes_of(&stage, &contact, 0).await, bytes_of(&stage, &contact, 1).await),
        (PNG.to_vec(), letter)
    );
    let raw = stage.vault.raw(&contact).await.unwrap().unwrap();
    assert!(!raw.windows(3).any(|part| part == b"PNG"), "the files lie beside the words");
}

#[tokio::test]
async fn the_same_words_with_another_file_are_other_words() {
    let stage = Stage::start().await;
    let hidden = stage.open().await;
    let form = filled_in(&hidden).part("attachments", file("lamp.png", PNG));
    assert_eq!(send(&stage, form).await.status(), 202);
    let form = filled_in(&hidden).part("attachments", file("lamp.txt", &b"another"[..]));
    refused(send(&stage, form).await, "This form was sent before, with other words").await;
}

#[tokio::test]
async fn what_a_file_is_its_bytes_say_and_not_its_name() {
    let stage = Stage::start().await;
    let hidden = stage.open().await;
    for (name, bytes) in [
        ("letter.pdf", &b"MZ\x90\0\x03 a program"[..]),
        ("picture.png", b"<!DOCTYPE html><script>alert(1)</script>"),
        ("notes.txt", b"PK\x03\x04\x14\0 an archive"),
        (".htaccess", b"\0\x01\x02"),
    ] {
        let form = filled_in(&hidden).part("attachments", file(name, bytes));
        refused(send(&stage, form).await, "We cannot take this kind of file").await;
    }
    let form = filled_in(&hidden).part("attachments", file("empty.txt", &b""[..]));
    refused(send(&stage, form).await, "This file is empty").await;
    let form = filled_in(&hidden).part("photo", file("lamp.png", PNG));
    refused(send(&stage, form).await, "“photo”: There is no such field.").await;
    assert_eq!(stage.contacts().await.len(), 0);
}

#[tokio::test]
async fn too_many_or_too_large_files_are_told_with_all_that_was_typed() {
    let stage = Stage::start_with(&small()).await;
    let hidden = stage.open().await;
    let text = |bytes: usize| file("text.txt", vec![b'a'; bytes]);
    let form = (0..3).fold(filled_in(&hidden), |form, _| form.part("attachments", text(10)));
    refused(send(&stage, form).await, "Please choose at most 2 files.").await;
    let form = filled_in(&hidden).part("attachments", text(1024 * 1024 + 1));
    refused(send(&stage, form).await, "A file may have 1 MB at most.").await;
    let form = filled_in(&hidden).part("attachments", text(900_000)).part("attachments", text(200_000));
    refused(send(&stage, form).await, "All files together may have 1 MB at most.").await;
    assert_eq!(stage.contacts().await.len(), 0);
    let form = filled_in(&hidden).part("attachments", text(1024 * 1024));
    assert_eq!(send(&stage, form).await.status(), 202);
}

#[tokio::test]
async fn nobody_stores_files_without_a_form_of_ours() {
    let stage = Stage::start().await;
    let form = Form::new().text("what_happened", TOLD).text("email", "kim@example.org");
    let form = form.part("attachments", file("lamp.png", PNG));
    refused(send(&stage, form).await, "We did not recognise this copy of the form").await;
    let hidden = stage.open().await;
    let form =
        filled_in(&hidden).text("website", "https://spam.example").part("attachments", file("lamp.png", PNG));
    assert_eq!(send(&stage, form).await.status(), 422);
    let listed = stage.bus.blobs().list().await.unwrap();
    assert_eq!(listed.len(), 0, "{listed:?}");
}

#[tokio::test]
async fn one_sender_may_send_so_much_an_hour() {
    let rates = redress_web::config::Rates { upload_mebibytes_per_hour: 2, ..Default::default() };
    let stage = Stage::start_with(&Settings { rates, ..small() }).await;
    let post = |megabytes: usize| {
        let form = Form::new().text("whatHappened", TOLD).text("email", "kim@example.org");
        let form = form.part("attachments", file("text.txt", vec![b'a'; megabytes * 900_000]));
        let post = stage.client.post(stage.path("/v1/complaints")).header("x-forwarded-for", "192.0.2.7");
        post.multipart(form).send()
    };
    assert_eq!(post(1).await.unwrap().status(), 202);
    assert_eq!(post(1).await.unwrap().status(), 202);
    let refused = post(1).await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers().contains_key("retry-after")), (503, true));
    assert_eq!(stage.contacts().await.len(), 2);
}

#[tokio::test]
async fn texts_are_kept_byte_by_byte() {
    let stage = Stage::start().await;
    let form = Form::new()
        .part("whatHappened", Part::bytes(&b"Gr\xf6\xdfe falsch"[..]))
        .text("email", "kim@example.org");
    let answer = stage.client.post(stage.path("/v1/complaints")).multipart(form).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let raw = stage.vault.raw(&only_contact(&stage).await).await.unwrap().unwrap();
    assert_eq!(raw, "whatHappened=Gr%F6%DFe+falsch&email=kim%40example.org");
}

#[tokio::test]
async fn files_are_added_on_the_status_page_by_whoever_has_the_receipt() {
    let stage = Stage::start().await;
    let hidden = stage.open().await;
    let thanks = stage.send(&hidden, &[("what_happened", TOLD), ("email", "kim@example.org")]).await;
    let thanks = thanks.text().await.unwrap();
    let reference = hidden_value(&thanks, "reference");
    let add = |code: String| {
        let form = Form::new().text("reference", reference.clone()).text("receipt_code", code);
        let form = form.text("submission_key", "0123456789abcdef0123").text("text", "");
        let form = form.part("attachments", file("lamp.png", PNG));
        stage.client.post(stage.path("/status/messages")).multipart(form).send()
    };
    assert_eq!(add("abcd".to_owned()).await.unwrap().status(), 422);
    assert_eq!(stage.bus.blobs().list().await.unwrap().len(), 0);
    let answer = add(hidden_value(&thanks, "receipt_code")).await.unwrap();
    assert_eq!(answer.status(), 202);
    let contacts = stage.contacts().await;
    let added = contacts.iter().find(|contact| contact.part_of.is_some()).unwrap();
    assert_eq!(bytes_of(&stage, added, 0).await, PNG);
}

#[tokio::test]
async fn systems_send_files_as_parts() {
    let stage = Stage::start().await;
    let post = |path: String, form: Form| stage.client.post(stage.path(&path)).multipart(form).send();
    let form = Form::new().text("whatHappened", TOLD).text("email", "kim@example.org");
    let form = form.part("attachments", file("lamp.png", PNG));
    let answer = post("/v1/complaints".to_owned(), form).await.unwrap();
    assert_eq!(answer.status(), 202);
    let answer: Value = answer.json().await.unwrap();
    let (reference, code) = (answer["reference"].as_str().unwrap(), answer["receiptCode"].as_str().unwrap());
    let messages = format!("/v1/complaints/{reference}/messages");
    let message = |code: &str| {
        Form::new().text("receiptCode", code.to_owned()).part("attachments", file("lamp.png", PNG))
    };
    assert_eq!(post(messages.clone(), message("abcd")).await.unwrap().status(), 404);
    let late = Form::new().part("attachments", file("lamp.png", PNG)).text("receiptCode", code.to_owned());
    let late = post(messages.clone(), late).await.unwrap();
    assert_eq!(late.status(), 422);
    let late: Value = late.json().await.unwrap();
    assert_eq!(late["type"], "urn:redress:problem:receipt-code-first");
    let none = Form::new().part("attachments", file("lamp.png", PNG));
    assert_eq!(post(messages.clone(), none).await.unwrap().status(), 422);
    assert_eq!(post(messages, message(code)).await.unwrap().status(), 202);
    let form = Form::new().text("whatHappened", TOLD).part("attachments", file("a.exe", &b"MZ\x90\0"[..]));
    let problem: Value = post("/v1/complaints".to_owned(), form).await.unwrap().json().await.unwrap();
    let named: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(named, ["attachments", "email"]);
    let contacts = stage.contacts().await;
    assert_eq!(contacts.len(), 2);
    assert!(contacts.iter().all(|contact| contact.attachments.len() == 1));
}
