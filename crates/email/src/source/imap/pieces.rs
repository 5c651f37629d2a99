//! A large mail, fetched piece by piece: the connection's buffer never holds more than one of them, and what is put
//! together is as large as the mail and no larger.

use super::ImapError;
use super::fetch::Known;
use super::session::Session;
use crate::source::gather::{Gather, Keep, Mail};

/// Mails larger than this come in pieces of this size.
pub(super) const PIECE_BYTES: u32 = 2 * 1024 * 1024;

/// True for a mail that is fetched by itself, in pieces.
pub(super) fn is_large(mail: &Known) -> bool {
    mail.size > u64::from(PIECE_BYTES)
}

/// What came of one command.
struct Piece {
    bytes: usize,
    /// The server took no notice of which piece was asked for, and sent all.
    is_all: bool,
}

impl Session {
    /// Fetches a mail in pieces, while nothing else is under way; none when it is not there any more.
    ///
    /// What a server says about sizes is not relied upon: some only estimate them, and some send smaller pieces than
    /// they were asked for.
    pub(super) async fn fetch_in_pieces(
        &mut self,
        mail: &Known,
        keep: Keep,
    ) -> Result<Option<Mail>, ImapError> {
        let mut gather = Gather::new(keep, mail.size);
        loop {
            let before = gather.size();
            let Some(piece) = self.fetch_piece(mail.uid, &mut gather).await? else {
                // Somebody removed it meanwhile. What came is recorded, as the beginning that it is.
                return Ok((before > 0).then(|| gather.break_off(mail.size)));
            };
            let was_short = piece.bytes < PIECE_BYTES as usize && gather.size() >= mail.size;
            if piece.is_all || piece.bytes == 0 || was_short {
                return Ok(Some(gather.finish()));
            }
        }
    }

    /// The next piece; none when the server has none.
    async fn fetch_piece(&mut self, uid: u32, gather: &mut Gather) -> Result<Option<Piece>, ImapError> {
        let Ok(offset) = u32::try_from(gather.size()) else {
            return Err(ImapError::Unusable("a mail is larger than IMAP can tell"));
        };
        let items = format!("UID BODY.PEEK[]<{offset}.{PIECE_BYTES}>");
        let request = self.fetch(&uid.to_string(), &items).await?;
        let mut came = None;
        while let Some(fetched) = self.next(&request).await? {
            let Some(raw) = fetched.raw.filter(|_| fetched.uid == uid) else { continue };
            let is_all = fetched.begins_at.is_none();
            if fetched.begins_at.unwrap_or(0) != offset || came.is_some() {
                return Err(ImapError::Unusable(
                    "the server sent another piece of a mail than was asked for",
                ));
            }
            gather.push(&raw);
            came = Some(Piece { bytes: raw.len(), is_all });
        }
        Ok(came)
    }
}
