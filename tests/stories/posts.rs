//! What people say on a social platform: heard, joined to its complaint, and answered in the same place.

use jiff::SignedDuration;
use redress::cli::Service;
use redress_contract::subject::name;
use redress_contract::{Channel, Disposition, Severity};
use redress_domain::Complaint;
use redress_intake::health::tell::last_told;
use redress_testkit::mastodon::{Mastodon, Posted, TOKEN};
use redress_tests::stage::Stage;

/// An account of the company on a server.
fn settings(server: &Mastodon) -> String {
    format!(
        r#"
[social.accounts.kettles]
platform = "mastodon"
url = "{}"
token = "{TOKEN}"
start = "all"
poll_seconds = 1
look_again_minutes = 1
"#,
        server.url()
    )
}

async fn set() -> (Stage, Mastodon) {
    let server = Mastodon::start().await;
    let stage = Stage::with(&settings(&server)).set().await;
    server.set_time(stage.clock.now());
    (stage, server)
}

/// Waits until so many contacts are on record and handled.
async fn recorded(stage: &Stage, count: u64) {
    stage
        .until("all of it is on record", async || {
            stage.house.bus().last_seq(name::INTAKE).await.unwrap_or(0) >= count
        })
        .await;
    stage.settle().await;
}

/// Waits until the company posted so much.
async fn posted(stage: &Stage, server: &Mastodon, count: usize) -> Vec<Posted> {
    stage.until("the answers are posted", async || server.posted().len() >= count).await;
    stage.settle().await;
    server.posted()
}

async fn only(stage: &Stage) -> Complaint {
    let all = stage.house.ledger.complaints().await.expect("the log can be read");
    assert_eq!(
        all.len(),
        1,
        "complaints: {:?}",
        all.iter().map(|one| one.contacts.len()).collect::<Vec<_>>()
    );
    all.into_iter().next().expect("there is one")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mention_becomes_a_complaint_that_is_acknowledged_below_it() {
    let (stage, server) = set().await;
    let post = server.mention("ann", "@kettles my kettle leaks", "public", None);
    recorded(&stage, 1).await;
    let answers = posted(&stage, &server, 1).await;
    let complaint = only(&stage).await;
    assert_eq!((complaint.channel, complaint.disposition), (Channel::SocialPublic, Disposition::Complaint));
    let [answer] = answers.as_slice() else { panic!("{answers:?}") };
    assert_eq!((answer.in_reply_to.as_str(), answer.visibility.as_str()), (post.as_str(), "public"));
    assert!(answer.text.contains(complaint.reference.as_str()), "{}", answer.text);
    assert!(answer.text.starts_with("@ann@127.0.0.1:"), "{}", answer.text);
    let names = stage.event_names(&complaint.id).await;
    assert!(names.iter().any(|event| event == "CommunicationAccepted"), "{names:?}");
    assert!(stage.sent_so_far().is_empty(), "nobody is written to by mail");
    stage.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_direct_message_is_answered_directly_and_by_when() {
    let (stage, server) = set().await;
    let message =
        server.mention("ann", "@kettles my address is 7 Lane, and the kettle leaks", "direct", None);
    recorded(&stage, 1).await;
    let answers = posted(&stage, &server, 1).await;
    assert_eq!(only(&stage).await.channel, Channel::SocialDm);
    assert!(answers.iter().all(|answer| answer.visibility == "direct"), "{answers:?}");
    assert_eq!(answers[0].in_reply_to, message);
    assert!(answers.iter().any(|answer| answer.text.contains("final answer")), "{answers:?}");
    // Whoever has the code reads the answer on the status page, too.
    let complaint = only(&stage).await;
    let code = stage.house.vault.keys().receipt_code(&complaint.contact_id);
    let page = stage.status_of(complaint.reference.as_str(), &code).await;
    assert!(page.contains("final answer"), "{page}");
    stage.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn posts_of_a_thread_that_arrive_in_any_order_are_one_complaint() {
    let (stage, server) = set().await;
    let first = server.post("ann", "@kettles my kettle leaks", "public", None);
    let second = server.post("ann", "@kettles since Monday", "public", Some(&first));
    let third = server.post("ann", "@kettles and nobody answers", "public", Some(&second));
    for id in [&third, &first, &second] {
        server.notify(id);
        stage.settle().await;
    }
    recorded(&stage, 3).await;
    assert_eq!(only(&stage).await.contacts.len(), 3);
    // In private it goes on where it was.
    server.mention("ann", "@kettles my number is 12345", "direct", Some(&third));
    recorded(&stage, 4).await;
    assert_eq!(only(&stage).await.contacts.len(), 4);
    assert_eq!(posted(&stage, &server, 1).await.len(), 1, "it is acknowledged once");
    stage.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_below_a_post_without_naming_the_company_is_on_record_with_it() {
    let (stage, server) = set().await;
    let first = server.post("ann", "@kettles my kettle leaks (1/2)", "public", None);
    let second = server.post("ann", "and the floor is wet (2/2)", "public", Some(&first));
    server.post("bob", "mine too", "public", Some(&first));
    server.notify(&first);
    recorded(&stage, 2).await;
    posted(&stage, &server, 1).await;
    // Later, without anybody being told.
    server.post("ann", "now it burns", "public", Some(&second));
    stage.advance(SignedDuration::from_mins(2));
    recorded(&stage, 3).await;
    let complaint = only(&stage).await;
    assert_eq!(complaint.contacts.len(), 3);
    assert!(stage.contact(&complaint, &complaint.contacts[2].id).await.text.contains("burns"));
    assert_eq!(posted(&stage, &server, 1).await.len(), 1, "it is acknowledged once");
    stage.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thread_larger_than_an_answer_may_be_keeps_no_post_from_being_read() {
    let (stage, server) = set().await;
    let first = server.post("bob", &"x".repeat(9 * 1024 * 1024), "public", None);
    server.mention("ann", "@kettles mine leaks", "public", Some(&first));
    recorded(&stage, 1).await;
    let complaint = only(&stage).await;
    assert!(stage.contact(&complaint, &complaint.contact_id).await.text.contains("leaks"));
    stage.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edit_and_a_deletion_revise_the_first_and_open_nothing() {
    let (stage, server) = set().await;
    let post = server.mention("ann", "@kettles my kettle leaks", "public", None);
    posted(&stage, &server, 1).await;
    server.edit(&post, "@kettles my kettle leaks and burnt my hand");
    stage.advance(SignedDuration::from_mins(2));
    recorded(&stage, 2).await;
    server.delete(&post);
    stage.advance(SignedDuration::from_mins(2));
    recorded(&stage, 3).await;
    let complaint = only(&stage).await;
    assert_eq!(complaint.contacts.len(), 3);
    let edited = stage.contact(&complaint, &complaint.contacts[1].id).await;
    assert_eq!(edited.revises.as_ref(), Some(&complaint.contact_id));
    assert!(edited.text.contains("burnt"));
    let deleted = stage.contact(&complaint, &complaint.contacts[2].id).await;
    assert_eq!((deleted.revises.as_ref(), deleted.text.as_str()), (Some(&complaint.contact_id), ""));
    stage.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn praise_is_no_complaint_and_harm_is_the_gravest() {
    let (stage, server) = set().await;
    server.mention("bob", "@kettles thank you, excellent service!", "public", None);
    server.mention("ann", "@kettles it caught fire and my child is in hospital", "public", None);
    recorded(&stage, 2).await;
    let all = stage.house.ledger.complaints().await.unwrap();
    let by = |disposition| all.iter().find(|one| one.disposition == disposition).expect("there is one");
    by(Disposition::Compliment);
    assert_eq!(by(Disposition::Complaint).severity, Severity::S1);
    let events = stage.events(&by(Disposition::Compliment).id).await;
    let evidence = events.iter().find_map(|event| match event {
        redress_contract::Event::Classified(classified) => {
            Some((classified.rule.clone(), classified.evidence.len()))
        }
        _ => None,
    });
    assert_eq!(evidence, Some(("words".to_owned(), 2)));
    stage.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_refused_is_seen_by_somebody() {
    let (stage, server) = set().await;
    server.refuse_answers(Some(403));
    server.mention("ann", "@kettles my kettle leaks", "public", None);
    recorded(&stage, 1).await;
    let complaint = only(&stage).await;
    let failed = |complaint: &Complaint| {
        complaint.communications.iter().any(|sent| sent.status == redress_domain::DeliveryStatus::Failed)
    };
    stage.once(&complaint.id, "the failure stands on the complaint", failed).await;
    stage.settle().await;
    assert!(server.posted().is_empty());
    assert!(!stage.sent_so_far().is_empty(), "staff are told");
    stage.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_posted_in_three_days_without_anybody_reading_is_all_there() {
    let (mut stage, server) = set().await;
    server.mention("ann", "@kettles my kettle leaks", "public", None);
    recorded(&stage, 1).await;
    stage.stop(Service::Social).await;
    for day in 0..3 {
        for turn in 0..60 {
            server.mention(&format!("ann{day}{turn}"), "@kettles my kettle leaks", "public", None);
        }
        stage.advance(SignedDuration::from_hours(24));
        server.set_time(stage.clock.now());
    }
    stage.start(Service::Social).await;
    recorded(&stage, 181).await;
    assert_eq!(stage.house.ledger.complaints().await.unwrap().len(), 181);
    let told = last_told(stage.house.bus(), "social").await.unwrap();
    assert_eq!(told.first().map(|event| event.data.gaps), Some(0));
    stage.leave().await;
}
