//! Dead letters: listed, shown, replayed, dropped.
