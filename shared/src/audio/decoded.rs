//! All other audio files, by Symphonia.

use super::error::{CUT_SHORT, Problem};
use super::media::Media;
use std::panic::{AssertUnwindSafe, catch_unwind};
use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// A file being decoded, packet by packet.
pub(super) struct Decoded {
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track: u32,
    sample_rate_hz: u32,
    channels: usize,
    frames: Option<u64>,
    /// The last packet, one vector a channel, and how much of it was given away.
    packet: Vec<Vec<f32>>,
    given: usize,
}

impl Decoded {
    pub fn open(file: Media) -> Result<Self, Problem> {
        let mut decoded = guarded(|| Self::begin(file))?;
        // Some files tell their rate and channels only in their first packet.
        if !decoded.next_packet()? {
            let is_cut = decoded.frames.is_some();
            return Err(if is_cut { Problem::Format(CUT_SHORT.into()) } else { Problem::Empty });
        }
        Ok(decoded)
    }

    fn begin(file: Media) -> Result<Self, Problem> {
        let stream = MediaSourceStream::new(Box::new(file), Default::default());
        let format = symphonia::default::get_probe()
            .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
            .map_err(describe)?;
        let nothing = || Problem::Format("there is no sound in it, or of a kind that is not read".into());
        let track = format.default_track(TrackType::Audio).ok_or_else(nothing)?;
        let parameters = track.codec_params.as_ref().and_then(|p| p.audio()).ok_or_else(nothing)?;
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(parameters, &AudioDecoderOptions::default())
            .map_err(describe)?;
        // What compresses with loss is padded, and says its length only roughly.
        let codec = decoder.codec_info().short_name;
        let is_exact = codec == "flac" || codec.starts_with("pcm");
        let frames = track.num_frames.filter(|frames| is_exact && *frames > 0);
        let track = track.id;
        let packet = Vec::new();
        Ok(Self { format, decoder, track, sample_rate_hz: 0, channels: 0, frames, packet, given: 0 })
    }

    pub fn sample_rate_hz(&self) -> u32 {
        self.sample_rate_hz
    }

    pub fn channels(&self) -> usize {
        self.channels
    }

    pub fn frames(&self) -> Option<u64> {
        self.frames
    }

    /// Reads so many samples of each channel, or as many as there are.
    pub fn read(&mut self, block: &mut [Vec<f32>], frames: usize) -> Result<usize, Problem> {
        let mut read = 0;
        while read < frames {
            let ready = self.packet.first().map_or(0, Vec::len) - self.given;
            if ready == 0 {
                if !self.next_packet()? {
                    break;
                }
                continue;
            }
            let part = ready.min(frames - read);
            for (channel, packet) in block.iter_mut().zip(&self.packet) {
                channel[read..read + part].copy_from_slice(&packet[self.given..self.given + part]);
            }
            self.given += part;
            read += part;
        }
        Ok(read)
    }

    /// Decodes the next packet that holds sound; `false` at the end.
    fn next_packet(&mut self) -> Result<bool, Problem> {
        loop {
            let Some((rate_hz, channels)) = guarded(|| self.decode())? else { return Ok(false) };
            self.given = 0;
            if self.sample_rate_hz == 0 {
                (self.sample_rate_hz, self.channels) = (rate_hz, channels);
            }
            if (rate_hz, channels) != (self.sample_rate_hz, self.channels) {
                let problem = format!("it goes on with {channels} channels at {rate_hz} Hz; split it there");
                return Err(Problem::Format(problem));
            }
            if self.packet.first().is_some_and(|channel| !channel.is_empty()) {
                return Ok(true);
            }
        }
    }

    /// Decodes one packet; its rate and channels.
    fn decode(&mut self) -> Result<Option<(u32, usize)>, Problem> {
        loop {
            let Some(packet) = self.format.next_packet().map_err(describe)? else { return Ok(None) };
            if packet.track_id != self.track {
                continue;
            }
            let block = self.decoder.decode(&packet).map_err(describe)?;
            block.copy_to_vecs_planar(&mut self.packet);
            return Ok(Some((block.spec().rate(), block.spec().channels().count())));
        }
    }
}

/// Symphonia is made to survive any file. Where it does not, a file must still not end a session.
fn guarded<T>(decode: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(Problem::Format("its decoder cannot cope with it".into())))
}

fn describe(error: Error) -> Problem {
    Problem::Format(match error {
        Error::IoError(source) if source.kind() == std::io::ErrorKind::UnexpectedEof => CUT_SHORT.into(),
        Error::IoError(source) => return Problem::System(source),
        other => other.to_string(),
    })
}
