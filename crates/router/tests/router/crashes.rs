//! The router dies between any two of its steps: whoever comes next does what was left undone.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use redress_contract::Contact;
use redress_intake::references;
use redress_router::Router;

use crate::stage::{Stage, address, form, keys, mail, mail_to};

/// Lets a future wait so many times, then drops it: a process that dies while it waits for the broker.
struct Dies<F> {
    work: Option<Pin<Box<F>>>,
    waits_left: usize,
}

impl<F: Future> Future for Dies<F> {
    /// None: it died.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = self.work.as_mut() else { return Poll::Ready(None) };
        match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if self.waits_left == 0 => {
                self.work = None;
                Poll::Ready(None)
            }
            Poll::Pending => {
                self.waits_left -= 1;
                Poll::Pending
            }
        }
    }
}

/// Routes a contact and dies at the given wait; true when it was done before.
async fn route_until(stage: &Stage, router: &Router, contact: &Contact, waits_left: usize) -> bool {
    let delivery = stage.delivery(contact, 1).await;
    let work = async move { router.handle(&delivery).await };
    match (Dies { work: Some(Box::pin(work)), waits_left }).await {
        None => false,
        Some(done) => {
            done.unwrap();
            true
        }
    }
}

/// Dies at every wait in turn. `scene` makes the contacts of round `n`: the first dies, then the others are routed,
/// then the first is delivered again. All of them must be on one complaint, once.
async fn dies_everywhere(scene: impl Fn(usize) -> Vec<Contact>) -> usize {
    let stage = Stage::start().await;
    let router = stage.router();
    for waits in 0.. {
        let contacts = scene(waits);
        for contact in &contacts {
            stage.put(contact).await;
        }
        let done = route_until(&stage, &router, &contacts[0], waits).await;
        for contact in &contacts[1..] {
            router.handle(&stage.delivery(contact, 1).await).await.unwrap();
        }
        router.handle(&stage.delivery(&contacts[0], 2).await).await.unwrap();
        let complaint = stage.holder(&contacts[0]).await;
        for contact in &contacts {
            assert_eq!(stage.holder(contact).await.id, complaint.id, "after {waits} waits");
        }
        let claim = references::look_up(stage.ledger.vault(), &complaint.reference).await.unwrap().unwrap();
        assert_eq!(claim.complaint_id, Some(complaint.id.clone()), "after {waits} waits");
        let picture = stage.picture().await;
        for attempt in [1, 2] {
            for contact in &contacts {
                stage.route_again(contact, attempt).await;
            }
        }
        assert_eq!(stage.picture().await, picture, "nothing was left undone after {waits} waits");
        assert_eq!(stage.ledger.complaints().await.unwrap().len(), waits + 1);
        if done {
            return waits;
        }
    }
    unreachable!("the rounds end when one is done")
}

fn nth(n: usize, mail: usize) -> String {
    format!("{mail}.{n}@example.org")
}

fn person(n: usize) -> String {
    format!("person{n}@example.org")
}

fn mail_of(n: usize, mail: usize) -> Contact {
    let references = if mail == 0 { vec![] } else { vec![nth(n, 0)] };
    let references: Vec<&str> = references.iter().map(String::as_str).collect();
    mail_to("help", &person(n), &nth(n, mail), &references)
}

#[tokio::test]
async fn a_mail_alone() {
    let steps = dies_everywhere(|n| vec![mail_of(n, 0)]).await;
    assert!(steps >= 3, "claims, commit and keys were waited for: {steps}");
}

#[tokio::test]
async fn the_first_mail_of_a_thread_with_its_answer_meanwhile() {
    dies_everywhere(|n| vec![mail_of(n, 0), mail_of(n, 1)]).await;
}

#[tokio::test]
async fn an_answer_with_the_first_mail_and_another_answer_meanwhile() {
    dies_everywhere(|n| vec![mail_of(n, 1), mail_of(n, 0), mail_of(n, 2)]).await;
}

#[tokio::test]
async fn a_mail_with_its_copy_in_another_mailbox_meanwhile() {
    dies_everywhere(|n| vec![mail_of(n, 0), mail_to("office", &person(n), &nth(n, 0), &[])]).await;
}

#[tokio::test]
async fn a_form() {
    dies_everywhere(|n| vec![Contact { sender: Some(address(&person(n))), ..form(&n.to_string()) }]).await;
}

/// A claim without a commit, as a crash leaves it, written by hand.
#[tokio::test]
async fn whoever_meets_a_claim_without_a_commit_opens_the_complaint_and_the_claimant_joins() {
    let stage = Stage::start().await;
    let (first, answer) = (mail("a@x", &[]), mail("b@x", &["a@x"]));
    stage.put(&first).await;
    // It waits for the key that opens the contact first; the claimant dies while it waits for the answer to its two claims.
    assert!(!route_until(&stage, &stage.router(), &first, 1).await);
    let claimed = redress_testkit::eventually("the claim is there", || async {
        let (_, keys) = stage.picture().await;
        keys.into_iter().next()
    })
    .await;
    assert!(claimed.0.starts_with("thread."));
    let opened = stage.route(&answer).await;
    assert_eq!(opened.id, keys().complaint_id(&first.id), "for the claimant's complaint");
    assert_eq!(opened.contact_id, answer.id, "by whom it met");
    let joined = stage.route_again(&first, 2).await;
    assert_eq!(joined.id, opened.id);
    assert_eq!(joined.contacts.len(), 2);
}
