//! Audio files: read block by block in flat memory, checked while reading; written atomically.
//!
//! [`Reader`] reads WAV (8 to 32 bit, floating point of 32 and 64 bit, A-law, µ-law, ADPCM), AIFF, CAF, FLAC, ALAC, MP3
//! and Ogg Vorbis; the content of a file tells what it is, not its name. [`Writer`] writes WAV. [`Converter`] changes
//! the sample rate.

mod convert;
mod decoded;
mod dither;
mod error;
mod media;
mod reader;
mod wav;
mod writer;

pub use convert::Converter;
pub use error::AudioError;
pub use reader::Reader;
pub(crate) use writer::check_size;
pub use writer::{SampleFormat, Writer};

use std::path::Path;

/// Bytes of samples that fit into a WAV file: its sizes are 32 bit numbers, the header counts too.
pub const MAX_DATA_BYTES: u64 = u32::MAX as u64 - 128;

/// Most channels a file may have.
pub const MAX_CHANNELS: usize = 64;

/// Reads a whole audio file, one vector a channel, and its sample rate in Hz.
///
/// # Errors
/// See [`AudioError`].
pub fn read_wav(path: &Path) -> Result<(Vec<Vec<f32>>, u32), AudioError> {
    let mut reader = Reader::open(path)?;
    let rate = reader.sample_rate_hz();
    Ok((reader.read_all()?, rate))
}

/// Writes a whole WAV file of 32 bit float samples, atomically.
///
/// # Errors
/// See [`AudioError`].
pub fn write_wav<C: AsRef<[f32]>>(
    path: &Path,
    channels: &[C],
    sample_rate_hz: u32,
) -> Result<(), AudioError> {
    let mut writer = Writer::create(path, channels.len(), sample_rate_hz)?;
    writer.write(channels, channels.first().map_or(0, |c| c.as_ref().len()))?;
    writer.finish()
}
