//! What is said where others read it, and where they do not.

use proptest::prelude::*;
use redress_contract::contact::Address;
use redress_contract::{AddressKind, EventId, HandlerId, Medium, Outcome, PostKind, Recipient};
use redress_domain::{Complaint, Status};
use unicode_segmentation::UnicodeSegmentation as _;

use super::*;
use crate::config::StatusPage;
use crate::plan::{Body, Step};
use crate::sample::{at, complaint, contact};
use crate::settings::Settings;

const REASONS: &str = "The courier lost it, and we ought to have told you.";

fn config() -> Config {
    let settings = Settings {
        organisation: "Example Kettles".to_owned(),
        from_address: "complaints@example.org".to_owned(),
        bounce_address: "bounce@example.org".to_owned(),
        contact_line: "Write to us at https://complaints.example.org/ or call +43 1 234 (9 to 17)."
            .to_owned(),
        zone: "Europe/Vienna".to_owned(),
        ..Settings::default()
    };
    let (url, languages) = ("https://complaints.example.org".to_owned(), vec!["en".to_owned()]);
    let config = Config::check(&settings).unwrap();
    Config { status_page: Some(StatusPage { url, languages }), ..config }
}

fn posted(platform: &str, channel: Channel, visibility: Visibility) -> Contact {
    let post = Post {
        platform: platform.to_owned(),
        post_id: "1101".to_owned(),
        revision: "v1".to_owned(),
        kind: PostKind::Mention,
        visibility,
        ..Post::default()
    };
    let sender = Address {
        kind: AddressKind::Handle,
        value: format!("{platform}:ann@social.example"),
        display_name: "Ann (@ann@social.example)".to_owned(),
    };
    Contact { channel, post: Some(post), sender: Some(sender), sender_authenticated: true, ..contact() }
}

fn decided() -> Complaint {
    let handler = HandlerId::new("h1").unwrap();
    let (outcome, remedy) = (Outcome::Upheld, "refund".to_owned());
    let status = Status::Decided { at: at("2026-03-06T09:12:02Z"), outcome, remedy, handler };
    Complaint { status, ..complaint() }
}

fn answer(body: Body, complaint: &Complaint, contact: &Contact) -> (Answer, Vec<String>) {
    let step = Step {
        event_id: EventId::of(&complaint.id, 1),
        recipient: Recipient::Complainant,
        contact_id: Some(contact.id.clone()),
        body,
        id: None,
        released: false,
    };
    let to = Address { display_name: String::new(), ..contact.sender.clone().unwrap() };
    let material = Material {
        step: &step,
        complaint,
        contact: Some(contact),
        to: &to,
        medium: Medium::Social,
        authenticated: true,
        reasons: REASONS,
        others: &[],
        at: at("2026-03-06T09:12:02Z"),
    };
    let keys = Keys::from_master(&[7; 32]);
    let communication = render(&material, &config(), &keys).unwrap();
    (Answer::read(&communication.message).unwrap(), communication.provides)
}

fn final_response() -> Body {
    Body::FinalResponse { reasons: None }
}

#[test]
fn an_acknowledgement_in_public_fits_into_one_post_and_says_nothing_of_the_matter() {
    for language in ["en", "de"] {
        let complaint = Complaint { language: language.to_owned(), ..complaint() };
        let contact = posted("bluesky", Channel::SocialPublic, Visibility::Public);
        let (answer, provides) = answer(Body::Acknowledgement, &complaint, &contact);
        assert!(answer.text.graphemes(true).count() <= 300, "{}", answer.text);
        assert!(answer.text.contains("RD-4F7K-2QMX"));
        assert_eq!(provides, ["reference", "next_steps", "contact"]);
        assert_eq!((answer.to.id.as_str(), answer.mention_handle.as_str()), ("1101", "ann@social.example"));
    }
}

#[test]
fn a_decision_is_told_to_its_complainant_alone() {
    let public = posted("mastodon", Channel::SocialPublic, Visibility::Public);
    let (private, _) = answer(final_response(), &decided(), &public);
    assert_eq!(private.visibility, Visibility::Direct);
    assert!(private.text.contains(REASONS));
    // Where the platform knows no way, they are invited to write.
    let public = posted("bluesky", Channel::SocialPublic, Visibility::Public);
    let (invitation, _) = answer(final_response(), &decided(), &public);
    assert_eq!(invitation.visibility, Visibility::Public);
    assert!(!invitation.text.contains(REASONS) && invitation.text.contains("privately"));
}

#[test]
fn an_answer_below_a_post_names_where_its_thread_began() {
    let mut contact = posted("bluesky", Channel::SocialPublic, Visibility::Public);
    let post = contact.post.as_mut().unwrap();
    "r1".clone_into(&mut post.root_revision);
    let thread = contact.thread.get_or_insert_default();
    "1000".clone_into(&mut thread.platform_thread);
    let (answer, _) = answer(Body::Acknowledgement, &complaint(), &contact);
    assert_eq!((answer.root.id.as_str(), answer.root.revision.as_str()), ("1000", "r1"));
}

fn any_visibility() -> impl Strategy<Value = Visibility> {
    prop::sample::select(Visibility::ALL.iter().copied().chain([Visibility::Unspecified]).collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn a_private_message_never_leads_to_a_public_answer_and_a_public_answer_holds_nothing_private(
        platform in prop::sample::select(vec!["mastodon", "bluesky"]),
        channel in prop::sample::select(vec![Channel::SocialPublic, Channel::SocialDm]),
        visibility in any_visibility(),
        is_final in any::<bool>(),
    ) {
        let contact = posted(platform, channel, visibility);
        let body = if is_final { final_response() } else { Body::Acknowledgement };
        let (answer, provides) = answer(body, &decided(), &contact);
        let private = channel == Channel::SocialDm || matches!(visibility, Visibility::Direct | Visibility::Unspecified);
        if private {
            prop_assert_eq!(answer.visibility, Visibility::Direct);
        } else {
            prop_assert!(answer.visibility == visibility || answer.visibility == Visibility::Direct);
        }
        if answer.visibility != Visibility::Direct {
            for word in [REASONS, "refund", "upheld", "/status", "2026"] {
                prop_assert!(!answer.text.contains(word), "{}", answer.text);
            }
            prop_assert!(!provides.contains(&"deadline".to_owned()));
        }
    }
}
