//! The rack: the path of the audio, from the guitar to the host.
//!
//! ```text
//! input ─► trim ─► tuner ─► gate ─► amp ─► (gate) ─► tone ─► cab A/B ─► word EQ ─► output
//!                   taps    hears                  stack    blend, cuts           mode, gain
//! ```
//!
//! It knows nothing of plugins: the plugin, the window, presets and comparisons run the very same code. What is read
//! from files is made by the [loader](crate::amp::Loader) and comes through [`Link`].

mod amp;
mod cab;
mod controls;
mod cuts;
mod format;
mod gate;
mod guard;
mod input_level;
mod load;
mod loops;
mod path;
mod pick;
mod scope;
mod sleep;
mod speaker;
mod swap;
mod tap;
mod telemetry;

pub use controls::{
    AmpControls, CabControls, Controls, GateControls, InputChannels, InputControls, OutputControls,
    OutputMode, ToneControls, TunerControls,
};
pub use format::RackFormat;
pub use guard::{Fault, Guard, caught};
pub use input_level::{
    InputGuide, InputLevel, InputReading, LOUDEST_DBFS, NOTHING_DBFS, NOTHING_RMS_DBFS,
    SOFTEST_CALIBRATED_DBFS, SOFTEST_DBFS,
};
pub use load::LoadMeter;
pub use path::{OUTPUT_LIMIT, Rack};
pub use scope::{EqView, SCOPE_SAMPLES, Scope};
pub use speaker::Speaker;
pub use swap::{Mailbox, Playable};
pub use tap::TunerTap;
pub use telemetry::{METERED, Telemetry};

use crate::amp::{Turn, Voice};

/// The queues between the loader and the audio thread.
#[derive(Default)]
pub struct Link {
    /// Amps.
    pub voices: Mailbox<Voice>,
    /// Turns of their knobs.
    pub turns: Mailbox<Turn>,
    /// Loudspeakers A and B.
    pub speakers: [Mailbox<Speaker>; 2],
}

impl Link {
    /// Whether anything waits for the audio thread.
    fn has_mail(&self) -> bool {
        !self.voices.is_empty()
            || !self.turns.is_empty()
            || self.speakers.iter().any(|speaker| !speaker.is_empty())
    }

    /// Frees what the audio thread gave back. Not for the audio thread.
    pub fn sweep(&self) {
        self.voices.sweep();
        self.turns.sweep();
        self.speakers.iter().for_each(Mailbox::sweep);
    }
}

#[cfg(test)]
mod tests;
