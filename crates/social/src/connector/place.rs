//! How publicly an answer may be posted where. Pure.

use redress_contract::Visibility;
use redress_intake::health::Kind;

use crate::post::Platform;
use crate::trouble::Trouble;

/// The visibility with which an answer is posted: the more private of what the answer may be and what the post is now. None where
/// the platform has nothing so private.
pub(crate) fn visibility(
    platform: Platform,
    allowed: Visibility,
    of_the_post: Visibility,
) -> Option<Visibility> {
    let wish = private(allowed).max(private(of_the_post));
    let offered: &[Visibility] = match platform {
        Platform::Mastodon => {
            &[Visibility::Public, Visibility::Unlisted, Visibility::Followers, Visibility::Direct]
        }
        Platform::Bluesky | Platform::Reddit | Platform::X => &[Visibility::Public, Visibility::Direct],
        _ => &[Visibility::Direct],
    };
    // Bluesky's and others' direct messages go another way, which is not built.
    let built = |kind: &&Visibility| platform == Platform::Mastodon || **kind != Visibility::Direct;
    offered.iter().filter(built).copied().find(|kind| private(*kind) >= wish)
}

/// How private it is; what is not said is as private as can be.
fn private(visibility: Visibility) -> u8 {
    match visibility {
        Visibility::Public => 0,
        Visibility::Unlisted => 1,
        Visibility::Followers => 2,
        Visibility::Direct | Visibility::Unspecified => 3,
    }
}

/// Where there is nothing so private.
pub(crate) fn not_so_privately() -> Trouble {
    Trouble::new(Kind::Permanent, "the platform offers no answer that is as private as the message")
}

/// Where nothing can be posted.
pub(crate) fn nobody_answers_here() -> Trouble {
    Trouble::new(Kind::Permanent, "nothing can be answered there: it is only read")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_visibility() -> impl Strategy<Value = Visibility> {
        prop::sample::select(
            Visibility::ALL.iter().copied().chain([Visibility::Unspecified]).collect::<Vec<_>>(),
        )
    }

    proptest! {
        /// Over all platforms: what is posted is never for more people than the message was, nor than the answer may be.
        #[test]
        fn a_private_message_never_leads_to_a_public_answer(
            platform in prop::sample::select(Platform::ALL.to_vec()),
            allowed in any_visibility(),
            of_the_post in any_visibility(),
        ) {
            if let Some(posted) = visibility(platform, allowed, of_the_post) {
                prop_assert!(private(posted) >= private(allowed));
                prop_assert!(private(posted) >= private(of_the_post));
            }
        }
    }

    #[test]
    fn a_public_post_is_answered_in_public_where_that_is_what_there_is() {
        assert_eq!(
            visibility(Platform::Bluesky, Visibility::Public, Visibility::Public),
            Some(Visibility::Public)
        );
        assert_eq!(visibility(Platform::Bluesky, Visibility::Unlisted, Visibility::Public), None);
        let unlisted = visibility(Platform::Mastodon, Visibility::Public, Visibility::Unlisted);
        assert_eq!(unlisted, Some(Visibility::Unlisted));
        assert_eq!(
            visibility(Platform::Mastodon, Visibility::Unspecified, Visibility::Public),
            Some(Visibility::Direct)
        );
    }
}
