//! One effect.

use super::{Format, Parameter, ProcessorError, Purpose, View};

/// One effect in a [`Chain`](super::Chain).
///
/// [`prepare`](Processor::prepare) may allocate and take its time. After it, all but
/// [`measured`](Processor::measured) belong to the audio thread: they allocate, free and lock nothing.
///
/// The output depends on the sound and on the parameters, and not on how the sound is cut into blocks.
pub trait Processor: Send {
    /// What it is called in a [`Document`](super::Document): `gain`, `high_pass` and so on.
    fn kind(&self) -> &'static str;

    /// What can be set while it plays, with the values that it has at first. The same all its life.
    fn parameters(&self) -> &[Parameter] {
        &[]
    }

    /// Gets ready for a format, and resets. The chain gives all parameters' values
    /// before this with [`set`](Processor::set), and has checked them against the rate.
    ///
    /// # Errors
    /// It cannot work at that rate, for that purpose, or with what it was made of.
    fn prepare(&mut self, format: Format, purpose: Purpose) -> Result<(), ProcessorError>;

    /// Sets a parameter, given by its place in [`parameters`](Processor::parameters), to a value of its
    /// range. Where a jump would click it glides there.
    fn set(&mut self, parameter: usize, value: f64) {
        let _ = (parameter, value);
    }

    /// Processes a block in place: as many channels as prepared, all of one length, at most
    /// `max_block_samples`.
    fn process(&mut self, channels: &mut [&mut [f32]]);

    /// Silence before; whatever glides is where it goes.
    fn reset(&mut self);

    /// What it shows of itself to other threads, if there is something to see besides its parameters.
    fn view(&self) -> Option<View> {
        None
    }

    /// Delay between input and output in samples, as of the last [`prepare`](Processor::prepare).
    fn latency_samples(&self) -> usize {
        0
    }

    /// Samples that sound on after the input has ended, latency not counted.
    fn tail_samples(&self) -> usize {
        0
    }

    /// Whether it makes of one channel several that differ, as a reverb does. What stands before the first of them
    /// is computed only once for a mono sound.
    fn spreads(&self) -> bool {
        false
    }

    /// Whether it must have heard all of a file before it can begin: [`measure`](Processor::measure) is called with
    /// the whole sound, then [`measured`](Processor::measured), then [`process`](Processor::process).
    fn needs_measuring(&self) -> bool {
        false
    }

    /// Hears a block, of any length, of a file that it will process later.
    fn measure(&mut self, channels: &[&mut [f32]]) {
        let _ = channels;
    }

    /// All was heard.
    ///
    /// # Errors
    /// There is nothing to go by, as in silence that is to be made loud.
    fn measured(&mut self) -> Result<(), ProcessorError> {
        Ok(())
    }
}
