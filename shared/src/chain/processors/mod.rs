//! The effects there are.

mod amp;
mod cabinet;
mod convolution;
mod convolved;
mod filter;
mod function;
mod gain;
mod gate;
mod normalise;
mod reverb;
mod tone_stack;
mod word_eq;

pub use amp::{Amp, AmpEntry, AmpView};
pub use cabinet::{Cabinet, CabinetEntry};
pub use convolution::{Convolution, ConvolutionEntry};
pub use filter::{Butterworth, FilterEntry};
pub use function::Function;
pub use gain::{Gain, GainEntry};
pub use gate::{Gate, GateEntry};
pub use normalise::{Level, Measure, Normalise, NormaliseEntry, NormaliseMode};
pub use reverb::{Reverb, ReverbEntry};
pub use tone_stack::{TONE_RANGE_DB, ToneStack, ToneStackEntry, tone_response_db};
pub use word_eq::{BandEntry, WordEqEntry, WordEqView, WordEqualiser};
