//! A loudspeaker ready to play: an impulse response at the host's rate.

use super::{Playable, RackFormat};
use shared::dsp::convolver::ConvolverBank;
use shared::dsp::response::{Response, ResponseError};

/// A loudspeaker ready to play in one [`RackFormat`].
///
/// The response stays where its file has it, silence before its onset included: responses recorded together stay in
/// phase when they are blended. One of another rate is converted in place ([`Response::at_rate_in_place`]), so no loudspeaker
/// delays the sound by a sample or more, and changing it never changes the delay that the host knows.
pub struct Speaker {
    bank: ConvolverBank,
    format: RackFormat,
    channels: usize,
    tail_samples: usize,
}

impl Speaker {
    /// A response, made as loud as others ([`Response::levelling`]). One of a single channel plays a mono guitar once, for all
    /// channels; one of several makes it stereo.
    ///
    /// # Errors
    /// The response cannot be brought to the host's rate.
    pub fn build(response: &Response, format: RackFormat) -> Result<Self, ResponseError> {
        let levelling = response.levelling();
        let response = response.at_rate_in_place(format.sample_rate_hz)?;
        let responses = response.channels();
        let channels = if responses.len() == 1 { format.channels_in } else { format.channels_out };
        let bank = ConvolverBank::new(responses, levelling, channels, format.max_block_samples);
        Ok(Self { bank, format, channels, tail_samples: responses[0].len() - 1 })
    }

    /// How many channels are convolved; where more go out, they hear the same.
    pub fn convolved_channels(&self) -> usize {
        self.channels
    }

    /// Samples that sound on after the input has ended.
    pub fn tail_samples(&self) -> usize {
        self.tail_samples
    }

    /// After so many samples of silence nothing is left of what was played.
    pub fn memory_samples(&self) -> usize {
        self.bank.memory_samples()
    }
}

impl Playable for Speaker {
    fn fits(&self, format: &RackFormat) -> bool {
        self.format == *format
    }

    fn play(&mut self, input: &[Vec<f32>], output: &mut [Vec<f32>], length: usize) {
        let wet = self.bank.process(&input[..self.channels], length);
        for (to, from) in output.iter_mut().zip(wet.iter().cycle()) {
            to[..length].copy_from_slice(&from[..length]);
        }
    }

    fn reset(&mut self) {
        self.bank.reset();
    }
}
