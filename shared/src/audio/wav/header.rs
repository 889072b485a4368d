//! The header of a WAV file.

use crate::audio::error::{CUT_SHORT, Problem};
use crate::audio::media::Media;
use std::io::{BufReader, Error, ErrorKind, Read};

const INTEGER: u16 = 1;
const FLOAT: u16 = 3;
/// The kind of samples comes later, as a GUID that begins with it and goes on with [`GUID_REST`].
const EXTENSIBLE: u16 = 0xfffe;
const GUID_REST: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];

/// Bytes of a `fmt ` chunk that mean something here.
const FORMAT_BYTES: u32 = 40;

/// How much sound there is, as SoX says it that writes into a pipe: the whole frames in this.
const UNKNOWN_TO_SOX: u32 = 0x7fff_f000;

/// What the header of a WAV file says.
///
/// hound takes integers that do not fill their bytes for the low bits, but they are the high ones (Microsoft, "Multiple
/// Channel Audio Data and WAVE Files": left-justified), as which all bits together can be read.
pub(super) struct Header {
    kind: u16,
    channels: u16,
    sample_rate_hz: u32,
    bytes_per_sample: u16,
    data_bytes: u32,
}

impl Header {
    /// Reads all that stands before the samples.
    pub fn read(file: &mut BufReader<Media>) -> Result<Self, Problem> {
        let file_bytes = file.get_ref().bytes().map_err(Problem::System)?;
        let [_, riff, name] = words(file)?;
        if &name != b"WAVE" {
            return Err(refused("it is no WAV file"));
        }
        let mut at = 12;
        let mut header = None;
        loop {
            let [name, bytes] = words(file)?;
            let bytes = u32::from_le_bytes(bytes);
            at += 8;
            if &name == b"data" {
                let mut header: Self =
                    header.ok_or_else(|| refused("it does not say what its samples are"))?;
                let riff_end = 8 + u64::from(u32::from_le_bytes(riff));
                header.data_bytes = header.data_bytes(bytes, at, file_bytes, riff_end)?;
                return Ok(header);
            }
            let mut taken = 0;
            if &name == b"fmt " {
                taken = bytes.min(FORMAT_BYTES);
                let mut format = vec![0; taken as usize];
                file.read_exact(&mut format).map_err(system)?;
                header = Some(Self::of_format(&format)?);
            }
            // Chunks begin at even places.
            let length = u64::from(bytes) + u64::from(bytes % 2);
            file.seek_relative((length - u64::from(taken)) as i64).map_err(system)?;
            at += length;
        }
    }

    fn of_format(format: &[u8]) -> Result<Self, Problem> {
        let short = |at: usize| match format.get(at..at + 2) {
            Some(bytes) => Ok(u16::from_le_bytes([bytes[0], bytes[1]])),
            None => Err(refused("it does not say what its samples are")),
        };
        let (tag, channels, align, bits) = (short(0)?, short(2)?, short(12)?, short(14)?);
        let sample_rate_hz = u32::from(short(4)?) | (u32::from(short(6)?) << 16);
        let kind = match tag {
            EXTENSIBLE if format.get(26..) == Some(&GUID_REST[..]) => short(24)?,
            other => other,
        };
        if channels == 0 {
            return Err(refused("0 channels"));
        }
        let bytes = align / channels;
        let is_whole = align % channels == 0;
        match kind {
            INTEGER if is_whole && (1..=4).contains(&bytes) && bits.div_ceil(8) == bytes => {}
            FLOAT if is_whole && bytes == 4 && bits == 32 => {}
            // Nobody knows which of the bytes the samples are in, and each reader guesses differently.
            INTEGER => {
                return Err(Problem::Unclear(format!(
                    "{bits} bit samples, but {align} bytes for those of all {channels} channels; save it as 16, 24 or 32 bit"
                )));
            }
            _ => {
                return Err(Problem::Format(format!(
                    "{bits} bit samples of kind {kind}; save it as 16, 24 or 32 bit"
                )));
            }
        }
        Ok(Self { kind, channels, sample_rate_hz, bytes_per_sample: bytes, data_bytes: 0 })
    }

    /// How much sound there is. Whoever writes into a pipe cannot come back to say it.
    fn data_bytes(&self, said: u32, at: u64, file_bytes: u64, riff_end: u64) -> Result<u32, Problem> {
        let frame = u32::from(self.bytes_per_sample) * u32::from(self.channels);
        let there = file_bytes.saturating_sub(at);
        let is_known = match said {
            0 => there == 0 || riff_end > at,
            u32::MAX => false,
            said => said != UNKNOWN_TO_SOX / frame * frame || u64::from(said) <= there,
        };
        if is_known && u64::from(said) > there {
            let [claimed, whole] = [u64::from(said), there].map(|bytes| bytes / u64::from(frame));
            return Err(Problem::Unclear(format!(
                "{CUT_SHORT}: of the {claimed} samples it claims to have, {whole} are there"
            )));
        }
        if is_known {
            return Ok(said);
        }
        let whole = there / u64::from(frame) * u64::from(frame);
        u32::try_from(whole).map_err(|_| refused("it has more than the 4 GiB that a WAV can hold; split it"))
    }

    /// A header in its simplest form.
    pub fn plain(&self) -> Vec<u8> {
        let align = self.channels * self.bytes_per_sample;
        let bytes_per_second = self.sample_rate_hz.wrapping_mul(u32::from(align));
        let mut header = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0".to_vec();
        header.extend([self.kind.to_le_bytes(), self.channels.to_le_bytes()].concat());
        header.extend([self.sample_rate_hz.to_le_bytes(), bytes_per_second.to_le_bytes()].concat());
        header.extend([align.to_le_bytes(), (8 * self.bytes_per_sample).to_le_bytes()].concat());
        header.extend(b"data");
        header.extend(self.data_bytes.to_le_bytes());
        header
    }
}

fn words<const N: usize>(file: &mut BufReader<Media>) -> Result<[[u8; 4]; N], Problem> {
    let mut words = [[0; 4]; N];
    words.iter_mut().try_for_each(|word| file.read_exact(word)).map_err(system)?;
    Ok(words)
}

fn system(error: Error) -> Problem {
    match error.kind() {
        ErrorKind::UnexpectedEof => Problem::Format(CUT_SHORT.into()),
        _ => Problem::System(error),
    }
}

fn refused(problem: &str) -> Problem {
    Problem::Format(problem.into())
}
