//! Complaints that arrive by email: IMAP and Maildir sources, and the normaliser for what they bring.
