//! A real broker, a hand-moved clock, fake outside worlds, faults.
