//! Changes of seeds, determined by a number.

/// Numbers of the same order every time (`SplitMix64`).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit.max(1) as u64).unwrap_or_default()
    }

    /// A seed with one to four changes: bytes flipped, cut, doubled, moved, or taken from another seed.
    pub(crate) fn changed(&mut self, seed: &[u8], seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len());
            let to = (at + 1 + self.below(40)).min(bytes.len());
            match self.below(7) {
                0 if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
                1 if !bytes.is_empty() => bytes[at] = b"\0\r\n\"\\<>@.=?{}[],:;-"[self.below(19)],
                2 => drop(bytes.drain(at..to)),
                3 => bytes.truncate(at),
                4 => {
                    let piece = bytes.get(at..to).unwrap_or_default().to_vec();
                    let place = self.below(bytes.len());
                    bytes.splice(place..place, piece.repeat(1 + self.below(8)));
                }
                5 => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len());
                    let piece = other.get(from..(from + 60).min(other.len())).unwrap_or_default().to_vec();
                    bytes.splice(at..at, piece);
                }
                _ => bytes.insert(at, u8::try_from(self.below(256)).unwrap_or_default()),
            }
        }
        bytes
    }
}
