//! The form: taken once, shown again with everything typed until it can be.

use jiff::SignedDuration;
use redress_contract::{AddressKind, Channel, ParseStatus};
use redress_web::Settings;
use redress_web::config::Rates;

use crate::stage::{Hidden, Stage, TOLD, hidden_value};

fn between<'a>(page: &'a str, before: &str, after: &str) -> &'a str {
    page.split_once(before).and_then(|(_, rest)| rest.split_once(after)).unwrap_or_else(|| panic!("{page}")).0
}

#[tokio::test]
async fn a_complaint_by_form_is_recorded_and_answered_with_its_reference() {
    let stage = Stage::start().await;
    let hidden = stage.open().await;
    let fields = [
        ("what_happened", " It broke.\r\nTwice."),
        ("remedy", "A new one"),
        ("product", "Lamp"),
        ("order_number", "A-17"),
        ("name", "Kim Doe"),
        ("email", "kim@example.org"),
        ("phone", "+49 30 901820"),
        ("language", "en"),
    ];
    let answer = stage.send(&hidden, &fields).await;
    assert_eq!(answer.status(), 202);
    let page = answer.text().await.unwrap();

    let contacts = stage.contacts().await;
    let [contact] = contacts.as_slice() else { panic!("{contacts:?}") };
    let sender = contact.sender.as_ref().unwrap();
    assert_eq!((contact.channel, contact.account.as_str()), (Channel::Web, "default"));
    assert_eq!((contact.received_at, contact.parse_status), (stage.clock.now(), ParseStatus::Parsed));
    assert_eq!((sender.kind, sender.value.as_str()), (AddressKind::Email, "kim@example.org"));
    assert_eq!((sender.display_name.as_str(), contact.text.as_str()), ("Kim Doe", "It broke.\nTwice."));
    assert_eq!((contact.language.as_str(), contact.sender_authenticated), ("en", false));
    let named: Vec<_> =
        contact.fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect();
    assert_eq!(
        named,
        [("remedy", "A new one"), ("product", "Lamp"), ("order_number", "A-17"), ("phone", "+49 30 901820")]
    );
    let raw = contact.raw.as_ref().unwrap();
    assert_eq!(raw.media_type, "application/x-www-form-urlencoded");
    assert!(String::from_utf8_lossy(&stage.vault.raw(contact).await.unwrap().unwrap()).contains("Kim+Doe"));
    assert_eq!(raw.sha256.len(), 64);

    let reference = contact.reference.as_ref().unwrap();
    assert_eq!(between(&page, "class=\"reference\">", "<"), reference.as_str());
    let code = between(&page, "class=\"code\">", "<");
    assert!(stage.vault.keys().receipt_code_fits(&contact.id, code), "{code}");
    let claim = redress_intake::references::look_up(&stage.vault, reference).await.unwrap().unwrap();
    assert_eq!((claim.contact_id, claim.complaint_id), (contact.id.clone(), None));
}

#[tokio::test]
async fn a_reload_of_the_thank_you_page_is_the_same_complaint() {
    let stage = Stage::start().await;
    let hidden = stage.open().await;
    let fields = [("what_happened", TOLD), ("email", "kim@example.org")];
    let first = stage.send(&hidden, &fields).await.text().await.unwrap();
    stage.clock.advance(SignedDuration::from_mins(5));
    let again = stage.send(&hidden, &fields).await;
    assert_eq!(again.status(), 202);
    assert_eq!(again.text().await.unwrap(), first);
    assert_eq!(stage.contacts().await.len(), 1);
}

#[tokio::test]
async fn a_missing_field_is_named_and_what_was_typed_is_kept() {
    let stage = Stage::start().await;
    let hidden = stage.open().await;
    let answer = stage.send(&hidden, &[("remedy", "A new lamp"), ("email", "kim at example")]).await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.unwrap();
    assert!(
        page.contains("<a href=\"#what_happened\">What happened? – Tell us what happened.</a>"),
        "{page}"
    );
    assert!(page.contains("<a href=\"#email\">Email address – This is not an email address."), "{page}");
    assert!(page.contains(">\nA new lamp</textarea>") && page.contains("value=\"kim at example\""), "{page}");
    assert_eq!(stage.contacts().await.len(), 0);

    let again = Hidden::of(&page);
    assert_eq!(again.key, hidden.key);
    let answer = stage.send(&again, &[("what_happened", TOLD), ("phone", "030 901820")]).await;
    assert_eq!(answer.status(), 202);
    let contacts = stage.contacts().await;
    assert_eq!(contacts.len(), 1);
    assert_eq!(contacts[0].sender.as_ref().unwrap().kind, AddressKind::Phone);
}

#[tokio::test]
async fn pages_speak_the_language_of_the_address_or_of_the_browser() {
    let stage = Stage::start().await;
    let get = async |path: &str, accept: &str| {
        let request = stage.client.get(stage.path(path)).header("accept-language", accept);
        let answer = request.send().await.unwrap();
        let language = answer.headers()["content-language"].to_str().unwrap().to_owned();
        (language, answer.text().await.unwrap())
    };
    assert_eq!(get("/", "pt;q=0.9").await.0, "en");
    let (language, page) = get("/", "de-CH, en;q=0.5").await;
    assert!(language == "de" && page.contains("Was ist passiert?"), "{page}");
    let (language, page) = get("/ar", "de").await;
    assert!(language == "ar" && page.contains("<html lang=\"ar\" dir=\"rtl\">"), "{page}");
    assert_eq!(stage.client.get(stage.path("/tlh")).send().await.unwrap().status(), 404);

    let hidden = Hidden::of(&page);
    stage.clock.advance(SignedDuration::from_secs(60));
    let wrong = stage.send_to("/ar", &hidden, &[("what_happened", "")]).await;
    let page = wrong.text().await.unwrap();
    assert!(page.contains("أخبرنا بما حدث.") && page.contains("action=\"/ar?sent\""), "{page}");
    let answer = stage.send_to("/ar", &hidden, &[("what_happened", "K-200"), ("phone", "030 901820")]).await;
    assert_eq!(answer.status(), 202);
    assert!(answer.text().await.unwrap().contains("لقد استلمنا شكواك"));
    assert_eq!(stage.contacts().await[0].language, "ar", "the words tell nothing, but the page does");
}

#[tokio::test]
async fn the_same_form_with_other_words_is_asked_whether_it_is_another_complaint() {
    let stage = Stage::start().await;
    let hidden = stage.open().await;
    let first = stage.send(&hidden, &[("what_happened", TOLD), ("email", "kim@example.org")]).await;
    let first = first.text().await.unwrap();
    let changed = [("what_happened", "Another matter."), ("email", "kim@example.org")];
    let answer = stage.send(&hidden, &changed).await;
    assert_eq!(answer.status(), 422);
    let page = answer.text().await.unwrap();
    assert!(page.contains("This form was sent before, with other words") && page.contains("Another matter."));
    assert!(!page.contains(between(&first, "class=\"reference\">", "<")), "{page}");
    assert!(!page.contains(TOLD), "{page}");
    assert_eq!(stage.contacts().await.len(), 1);
    assert_eq!(stage.send(&Hidden::of(&page), &changed).await.status(), 202);
    assert_eq!(stage.contacts().await.len(), 2);
}

#[tokio::test]
async fn nobody_learns_of_a_complaint_by_a_key_they_chose_for_it() {
    let stage = Stage::start().await;
    // Somebody opens a form, and a page of theirs makes another person's browser send its key and stamp.
    let theirs = stage.open().await;
    let planted = [
        ("submission_key", theirs.key.as_str()),
        ("form_stamp", &theirs.stamp),
        ("sent_before", &theirs.key),
        ("as_addition", "yes"),
    ];
    let post = stage.client.post(stage.path("/")).header("sec-fetch-site", "cross-site");
    let page = post.form(&planted).send().await.unwrap().text().await.unwrap();
    assert!(
        !page.contains(&theirs.key),
        "the key is another, and no button adds to what others sent: {page}"
    );
    // Nor when the limit of the sender is what the page speaks of.
    let rates = Rates { submissions_per_minute: 1, ..Rates::default() };
    let limited = Stage::start_with(&Settings { rates, ..Settings::default() }).await;
    for status in [422, 429] {
        let post = limited.client.post(limited.path("/")).header("x-forwarded-for", "192.0.2.7");
        let page = post.header("sec-fetch-site", "cross-site").form(&planted).send().await.unwrap();
        assert_eq!(page.status(), status);
        assert!(!page.text().await.unwrap().contains(&theirs.key));
    }
    // Nor is a key kept that comes without a stamp of ours.
    let unsigned = Hidden { key: theirs.key.clone(), stamp: String::new() };
    let page = stage.send(&unsigned, &[("what_happened", TOLD), ("email", "kim@example.org")]).await;
    assert!(!page.text().await.unwrap().contains(&theirs.key));
}

#[tokio::test]
async fn what_was_changed_after_sending_can_be_added_to_the_complaint_received() {
    let stage = Stage::start().await;
    let hidden = stage.open().await;
    let first = stage.send(&hidden, &[("what_happened", TOLD), ("email", "kim@example.org")]).await;
    let first = first.text().await.unwrap();
    let mut changed = vec![("what_happened", "It was the second lamp."), ("email", "kim.lee@example.org")];
    let page = stage.send(&hidden, &changed).await.text().await.unwrap();
    let sent_before = hidden_value(&page, "sent_before");
    changed.extend([("sent_before", sent_before.as_str()), ("as_addition", "yes")]);
    let added = stage.send(&Hidden::of(&page), &changed).await;
    assert_eq!(added.status(), 202);
    let added = added.text().await.unwrap();
    assert!(added.contains("We have received what you added"), "{added}");
    assert!(added.contains(between(&first, "class=\"reference\">", "<")), "{added}");
    let contacts = stage.contacts().await;
    let addition = contacts.iter().find(|contact| contact.part_of.is_some()).unwrap();
    assert_eq!(
        (contacts.len(), addition.text.as_str()),
        (2, "It was the second lamp.\n\nemail: kim.lee@example.org")
    );
    assert_eq!(
        addition.part_of.as_ref(),
        contacts.iter().map(|contact| &contact.id).find(|id| **id != addition.id)
    );

    // A key that nobody sent a form with is no receipt: the words are a complaint of their own.
    let other = stage.open().await;
    let unknown = [changed[0], changed[1], ("sent_before", "0123456789abcdef"), ("as_addition", "yes")];
    assert_eq!(stage.send(&other, &unknown).await.status(), 202);
    assert_eq!(stage.contacts().await.iter().filter(|contact| contact.part_of.is_none()).count(), 2);
}

#[tokio::test]
async fn no_doubt_about_a_form_loses_what_was_typed() {
    let stage = Stage::start().await;
    let hidden = stage.open().await;
    let fields = [("what_happened", TOLD), ("email", "kim@example.org")];
    let trap = [fields[0], fields[1], ("website", "https://spam.example")];

    let asked_again = async |hidden: &Hidden, fields: &[(&str, &str)], why: &str| {
        let answer = stage.send(hidden, fields).await;
        assert_eq!(answer.status(), 422, "{why}");
        let page = answer.text().await.unwrap();
        assert!(page.contains(why) && page.contains(TOLD) && !page.contains("spam.example"), "{page}");
        assert_eq!(stage.contacts().await.len(), 0);
        Hidden::of(&page)
    };
    asked_again(&hidden, &trap, "A hidden field was filled in").await;
    let forged = Hidden { stamp: "1900000000.0000".to_owned(), ..hidden.clone() };
    let fresh = asked_again(&forged, &fields, "We did not recognise this copy of the form").await;
    let same = asked_again(&fresh, &fields, "sooner than we expect of a person").await;
    assert_eq!(same.stamp, fresh.stamp);
    stage.clock.advance(SignedDuration::from_hours(3));
    let renewed = asked_again(&same, &fields, "open for a long time").await;
    assert_eq!(stage.send(&renewed, &fields).await.status(), 202);
    assert_eq!(stage.contacts().await.len(), 1);
}

#[tokio::test]
async fn what_the_form_does_not_ask_for_is_refused_by_name() {
    let stage = Stage::start().await;
    let hidden = stage.open().await;
    let fields = [
        ("what_happened", TOLD),
        ("email", "kim@example.org"),
        ("severity", "S1"),
        ("email", "b@example.org"),
    ];
    let page = stage.send(&hidden, &fields).await.text().await.unwrap();
    assert!(page.contains("“severity”: There is no such field."), "{page}");
    assert!(page.contains("<a href=\"#email\">Email address – This was given more than once.</a>"), "{page}");
    assert_eq!(stage.contacts().await.len(), 0);
}

#[tokio::test]
async fn a_multipart_form_is_taken_without_files() {
    let stage = Stage::start().await;
    let hidden = stage.open().await;
    let form = || {
        reqwest::multipart::Form::new()
            .text("submission_key", hidden.key.clone())
            .text("form_stamp", hidden.stamp.clone())
            .text("what_happened", "Größe falsch")
            .text("email", "kim@example.org")
    };
    let answer = stage.client.post(stage.path("/")).multipart(form()).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let contacts = stage.contacts().await;
    assert_eq!((contacts.len(), contacts[0].text.as_str()), (1, "Größe falsch"));
    assert_eq!(contacts[0].raw.as_ref().unwrap().media_type, "application/x-www-form-urlencoded");
}

#[tokio::test]
async fn hostile_words_come_back_as_text() {
    let stage = Stage::start().await;
    let hidden = stage.open().await;
    let hostile = "</blockquote><script>alert(1)</script>";
    for email in ["nobody", "kim@example.org"] {
        let answer =
            stage.send(&hidden, &[("what_happened", hostile), ("email", email), ("name", hostile)]).await;
        let page = answer.text().await.unwrap();
        assert!(!page.contains("<script>") && page.contains("&lt;script&gt;"), "{page}");
    }
    assert_eq!(stage.contacts().await[0].text, hostile);
}

#[tokio::test]
async fn pages_tell_browsers_to_load_run_and_keep_nothing() {
    let stage = Stage::start_with(&Settings {
        public_url: "https://complaints.example.org".to_owned(),
        ..Settings::default()
    })
    .await;
    let page = stage.client.get(stage.path("/")).send().await.unwrap();
    let header = |name: &str| page.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    assert_eq!(
        header("content-security-policy"),
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("referrer-policy"), "same-origin");
    assert_eq!(header("cache-control"), "private, no-cache");
    assert_eq!(header("strict-transport-security"), "max-age=31536000");
    assert_eq!(header("set-cookie"), "");
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    let page = page.text().await.unwrap();
    for inline in ["<style", "style=", "<script>", "onclick", "http://", "https://"] {
        assert!(!page.contains(inline), "{inline} in {page}");
    }
    let styles = stage
        .client
        .get(stage.path(between(&page, "<link rel=\"stylesheet\" href=\"", "\"")))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (styles.status().as_u16(), &styles.headers()["content-type"]),
        (200, &"text/css; charset=utf-8".parse().unwrap())
    );
    assert_eq!(styles.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert!(!styles.text().await.unwrap().contains("url("));
}

#[tokio::test]
async fn what_cannot_be_a_form_is_answered_with_a_page_that_says_so() {
    let stage = Stage::start().await;
    let post = |kind: &str, body: Vec<u8>| {
        stage.client.post(stage.path("/")).header("content-type", kind.to_owned()).body(body).send()
    };
    let answer = post("text/plain", b"hello".to_vec()).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("accept-post")), (415, true));
    assert!(answer.text().await.unwrap().contains("Your complaint has not been received."));
    assert_eq!(
        post("multipart/form-data; boundary=x", b"--x\r\nbroken".to_vec()).await.unwrap().status(),
        400
    );
    assert_eq!(
        post("application/x-www-form-urlencoded", vec![b'a'; 256 * 1024 + 1]).await.unwrap().status(),
        413
    );
    // Within the size, but each pair would be an error of its own on the page.
    let answer = post("application/x-www-form-urlencoded", b"a&".repeat(128 * 1024)).await.unwrap();
    assert_eq!(answer.status(), 413);
    let page = answer.text().await.unwrap();
    assert!(page.contains("This form has more fields than we can take") && page.len() < 16 * 1024, "{page}");
    let answer = stage.client.delete(stage.path("/")).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["allow"]),
        (405, &"GET, HEAD, POST".parse().unwrap())
    );
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert_eq!(stage.contacts().await.len(), 0);
}

#[tokio::test]
async fn who_sends_too_often_keeps_what_was_typed_and_hears_when_to_come_again() {
    let rates = Rates { submissions_per_minute: 1, ..Rates::default() };
    let stage = Stage::start_with(&Settings { rates, ..Settings::default() }).await;
    let hidden = stage.open().await;
    let fields = [("what_happened", TOLD), ("email", "kim@example.org")];
    assert_eq!(stage.send(&hidden, &fields).await.status(), 202);
    let answer = stage.send(&stage.open().await, &fields).await;
    assert_eq!(answer.status(), 429);
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(answer.headers()["connection"], "close", "who sends too much does not go on at once");
    let page = answer.text().await.unwrap();
    assert!(page.contains("Too much has been sent") && page.contains(TOLD), "{page}");
    let posted =
        stage.post(None, format!("{{\"whatHappened\": \"{TOLD}\", \"email\": \"kim@example.org\"}}")).await;
    assert_eq!((posted.status().as_u16(), posted.headers().contains_key("retry-after")), (429, true));
    assert!(posted.text().await.unwrap().contains("urn:redress:problem:too-often"));
    // A proxy that is trusted says who asks: somebody else is not held up. Here none is.
    let spoofed = stage.client.post(stage.path("/v1/complaints")).header("x-forwarded-for", "203.0.113.7");
    let spoofed = spoofed.header("content-type", "application/json").body("{}").send().await.unwrap();
    assert_eq!(spoofed.status(), 429);
    assert_eq!(stage.contacts().await.len(), 1);
}

#[tokio::test]
async fn how_to_complain_is_told_from_the_same_settings() {
    let stage = Stage::start().await;
    let page =
        stage.client.get(stage.path("/de/how-to-complain")).send().await.unwrap().text().await.unwrap();
    for words in
        ["mailto:help@example.org", "innerhalb von 4 Arbeitsstunden", "innerhalb von 20 Arbeitstagen"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
}

#[tokio::test]
async fn what_another_site_sends_is_shown_to_be_sent_by_hand() {
    let stage = Stage::start().await;
    let hidden = stage.open().await;
    let fields = [
        ("submission_key", hidden.key.as_str()),
        ("form_stamp", &hidden.stamp),
        ("what_happened", TOLD),
        ("email", "kim@example.org"),
    ];
    let post = stage.client.post(stage.path("/")).header("sec-fetch-site", "cross-site");
    let page = post.form(&fields).send().await.unwrap();
    assert_eq!(page.status(), 422);
    let page = page.text().await.unwrap();
    assert!(page.contains("Another website sent this") && page.contains(TOLD), "{page}");
    assert_eq!(stage.contacts().await.len(), 0);
    stage.clock.advance(SignedDuration::from_secs(10));
    let again =
        stage.send(&Hidden::of(&page), &[("what_happened", TOLD), ("email", "kim@example.org")]).await;
    assert_eq!(again.status(), 202);
}
