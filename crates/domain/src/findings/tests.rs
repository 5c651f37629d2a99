//! What is told from what, in several languages.

use proptest::prelude::*;

use super::*;

fn weigh(text: &str) -> Findings {
    Lexicon::default().weigh(Weighed { text, rating: None })
}

#[test]
fn praise_and_questions_are_told_where_they_are_clear() {
    for (text, disposition) in [
        ("@kettles thank you so much, excellent service!", Disposition::Compliment),
        ("Love my new kettle @kettles 😍", Disposition::Compliment),
        ("Vielen Dank, super Beratung!", Disposition::Compliment),
        ("Merci beaucoup, équipe formidable", Disposition::Compliment),
        ("Muchas gracias, excelente servicio", Disposition::Compliment),
        ("Grazie mille, ottimo servizio", Disposition::Compliment),
        ("Bedankt, geweldig geholpen", Disposition::Compliment),
        ("Obrigada, atendimento perfeito", Disposition::Compliment),
        ("Tack, jättebra service", Disposition::Compliment),
        ("No problems at all, great kettle", Disposition::Compliment),
        ("@kettles do you ship to Norway?", Disposition::Enquiry),
        ("@kettles Wann öffnet der Laden in Graz?", Disposition::Enquiry),
        ("Où trouver vos magasins ?", Disposition::Enquiry),
        ("@kettles what colours does it come in", Disposition::Enquiry),
    ] {
        assert_eq!(weigh(text).disposition, Some(disposition), "{text}");
    }
}

#[test]
fn dissatisfaction_is_a_complaint_whatever_stands_beside_it() {
    for text in [
        "The kettle leaks.",
        "Great design, but it leaks",
        "Not great, not helpful",
        "that wasn't very helpful",
        "Das ist nicht gut",
        "Gut ist das nicht.",
        "ce n'est pas terrible, pas bon du tout",
        "No es bueno",
        "Werkt niet, bedankt",
        "When will my parcel arrive? Still waiting after three weeks",
        "Wo bleibt mein Paket? Ich warte seit Wochen",
        "thanks for your help, the refund never came",
        "👎",
    ] {
        let found = weigh(text);
        assert_eq!(found.disposition, Some(Disposition::Complaint), "{text}");
        assert!(!found.evidence.is_empty(), "{text}");
    }
}

#[test]
fn what_is_unclear_or_ironic_is_left_to_be_a_complaint() {
    for text in [
        "",
        "@kettles",
        "kettle",
        "Thanks for nothing",
        "Oh great, another update",
        "Great service 👏👏👏",
        "Well done for today",
        "Na toll",
        "Danke für nichts",
        "Merci pour rien",
        "nice 🙄",
        "ケトルが壊れました",
        "good although",
        "https://kettles.example/?q=1",
    ] {
        let found = weigh(text);
        assert!(
            !matches!(found.disposition, Some(Disposition::Compliment | Disposition::Enquiry)),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn harm_is_the_highest_severity() {
    for text in [
        "It caught fire!",
        "My lawyer will write to you",
        "Mein Kind wurde verletzt",
        "J'ai porté plainte à la police",
        "great fraud, thanks",
    ] {
        let found = weigh(text);
        assert_eq!(
            (found.disposition, found.severity),
            (Some(Disposition::Complaint), Some(Severity::S1)),
            "{text}"
        );
    }
}

#[test]
fn stars_count_with_the_words() {
    let stars = |text, rating| Lexicon::default().weigh(Weighed { text, rating: Some(rating) }).disposition;
    assert_eq!(stars("ok", 5), Some(Disposition::Compliment));
    assert_eq!(stars("great", 2), None);
    assert_eq!(stars("it crashes", 5), Some(Disposition::Complaint));
}

#[test]
fn the_house_adds_words_of_its_own() {
    let lexicon = Lexicon::new(vec![(Finding::Harm, vec!["red lamp".to_owned()])]);
    let found = lexicon.weigh(Weighed { text: "The Red Lamp is on, great", rating: None });
    assert_eq!(found.severity, Some(Severity::S1));
    assert_eq!((found.evidence[0].start_byte, found.evidence[0].end_byte), (4, 12));
}

#[test]
fn evidence_names_places_and_no_words() {
    let text = "É: that’s bad 👎";
    let found = weigh(text);
    let told: Vec<_> =
        found.evidence.iter().map(|it| &text[it.start_byte as usize..it.end_byte as usize]).collect();
    assert_eq!(told, ["👎", "bad"]);
}

proptest! {
    #[test]
    fn places_lie_inside_the_text(text in "\\PC{0,120}") {
        for place in weigh(&text).evidence {
            prop_assert!(text.get(place.start_byte as usize..place.end_byte as usize).is_some_and(|it| !it.is_empty()));
        }
    }

    #[test]
    fn nothing_hides_dissatisfaction(
        before in "[a-zA-Z ,]{0,40}",
        plain in prop::sample::select(vec!["It is broken.", "I am disappointed.", "Es ist kaputt.", "C'est nul.", "Es pésimo."]),
        after in prop::sample::select(vec!["", " Thank you!", " Super!", " Is it?", " 😍"]),
    ) {
        let found = weigh(&format!("{before}. {plain}{after}"));
        prop_assert_eq!(found.disposition, Some(Disposition::Complaint));
    }
}
