//! Names of notes.

const NAMES: [&str; 12] = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];

/// A note of equal temperament, and how far from it a sound is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Note {
    /// Its name, with a sharp where there is one: `C♯`.
    pub name: &'static str,
    /// Its octave: A4 is the note that orchestras tune to, middle C is C4.
    pub octave: i32,
    /// How much higher the sound is, in cents, from -50 to 50.
    pub cents: f64,
}

impl Note {
    /// The note that is nearest to a frequency in Hz, with A4 at `a4_hz`. Both are above 0.
    pub fn nearest(frequency_hz: f64, a4_hz: f64) -> Self {
        let semitones = 12.0 * (frequency_hz / a4_hz).log2();
        let nearest = semitones.round();
        // Counted from C0, which is 57 semitones below A4. What is no number becomes 0.
        let from_c0 = nearest as i32 + 57;
        Self {
            name: NAMES[from_c0.rem_euclid(12) as usize],
            octave: from_c0.div_euclid(12),
            cents: 100.0 * (semitones - nearest),
        }
    }
}
