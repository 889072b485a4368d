//! Recordings as files: WAV, and FLAC through Symphonia.

use crate::TrainerError;
use shared::audio::read_wav;
use std::fs::File;
use std::path::{Path, PathBuf};
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

/// Longest file that is read, in samples of one channel: half an hour at 96 kHz.
const MAX_FRAMES: usize = 1800 * 96_000;

/// A recording with its channels mixed to one, and its rate in Hz.
#[derive(Clone, Debug, PartialEq)]
pub struct Mono {
    /// The sound.
    pub samples: Vec<f32>,
    /// Sample rate in Hz.
    pub rate_hz: u32,
}

/// Reads a WAV or FLAC file; its content tells which it is.
///
/// # Errors
/// The file cannot be read, is neither, is damaged, or holds no samples.
pub fn read(path: &Path) -> Result<Mono, TrainerError> {
    shared::fs::regular_file(path).map_err(|e| TrainerError::file(path, e))?;
    let mut first = [0; 4];
    let file = File::open(path).map_err(|e| TrainerError::file(path, e))?;
    let got = std::io::Read::read(&mut &file, &mut first).map_err(|e| TrainerError::file(path, e))?;
    let mono = match &first[..got] {
        b"fLaC" => read_flac(path)?,
        b"RIFF" => {
            let (channels, rate_hz) = read_wav(path)?;
            let count = channels.len() as f32;
            let frames = channels.first().map_or(0, Vec::len);
            let mean = |i: usize| channels.iter().map(|c| c[i]).sum::<f32>() / count;
            Mono { samples: (0..frames).map(mean).collect(), rate_hz }
        }
        _ => return Err(TrainerError::recording(path, "neither a WAV nor a FLAC file")),
    };
    if mono.samples.is_empty() {
        return Err(TrainerError::recording(path, "the file holds no samples"));
    }
    Ok(mono)
}

fn read_flac(path: &Path) -> Result<Mono, TrainerError> {
    let refuse =
        |problem: String| TrainerError::recording(path, format!("not a usable FLAC file: {problem}"));
    let failed = |error: symphonia::core::errors::Error| refuse(error.to_string());
    let file = File::open(path).map_err(|e| TrainerError::file(path, e))?;
    let stream = MediaSourceStream::new(Box::new(file), Default::default());
    let mut hint = Hint::new();
    hint.with_extension("flac");
    let mut format = symphonia::default::get_probe()
        .probe(&hint, stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(failed)?;
    let track = format.default_track(TrackType::Audio).ok_or_else(|| refuse("no sound in it".into()))?;
    let parameters = track.codec_params.as_ref().and_then(|p| p.audio());
    let parameters = parameters.ok_or_else(|| refuse("it does not say what it holds".into()))?;
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(failed)?;
    let (mut samples, mut interleaved) = (Vec::new(), Vec::new());
    let mut rate_hz = 0;
    while let Some(packet) = format.next_packet().map_err(failed)? {
        let block = decoder.decode(&packet).map_err(failed)?;
        rate_hz = block.spec().rate();
        let channels = block.spec().channels().count().max(1);
        interleaved.resize(block.samples_interleaved(), 0.0f32);
        block.copy_to_slice_interleaved(&mut interleaved);
        samples.extend(interleaved.chunks(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32));
        if samples.len() > MAX_FRAMES {
            return Err(refuse(format!("longer than {MAX_FRAMES} samples; cut it")));
        }
    }
    Ok(Mono { samples, rate_hz })
}

/// The WAV and FLAC files of a folder, by name.
///
/// # Errors
/// The folder cannot be read.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, TrainerError> {
    let entries = std::fs::read_dir(folder).map_err(|e| TrainerError::file(folder, e))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| TrainerError::file(folder, e))?.path();
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        if matches!(extension.as_deref(), Some("wav" | "flac")) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The name of a file without folder and extension.
pub fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |s| s.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Remainder of a division of polynomials over bits, highest first.
    fn crc(bytes: &[u8], bits: u32, polynomial: u32) -> u32 {
        let top = 1 << (bits - 1);
        let mask = (top << 1) - 1;
        bytes.iter().fold(0, |crc: u32, byte| {
            (0..8).fold(crc ^ (u32::from(*byte) << (bits - 8)), |crc, _| {
                (if crc & top != 0 { (crc << 1) ^ polynomial } else { crc << 1 }) & mask
            })
        })
    }

    /// A FLAC file of one frame of 16 bit samples as they are, by RFC 9639.
    fn flac(samples: &[i16], rate_hz: u32) -> Vec<u8> {
        let count = samples.len() as u16;
        let mut file = b"fLaC\x80\x00\x00\x22".to_vec();
        file.extend([count.to_be_bytes(), count.to_be_bytes()].concat());
        file.extend([0; 6]);
        // Rate (20 bits), channels - 1 (3), bits - 1 (5), samples (36).
        let format = (u64::from(rate_hz) << 44) | (15 << 36) | u64::from(count);
        file.extend(format.to_be_bytes());
        file.extend([0; 16]);
        let mut frame = vec![0xff, 0xf8, 0x70, 0x08, 0x00];
        frame.extend((count - 1).to_be_bytes());
        frame.push(crc(&frame, 8, 0x07) as u8);
        frame.push(0x02);
        frame.extend(samples.iter().flat_map(|s| s.to_be_bytes()));
        frame.extend((crc(&frame, 16, 0x8005) as u16).to_be_bytes());
        file.extend(frame);
        file
    }

    #[test]
    fn flac_and_wav_are_told_apart_by_content_and_mixed_to_one_channel() {
        let folder = tempfile::tempdir().unwrap();
        let samples: Vec<i16> = (0..400).map(|i| (i * 37 % 2000) * 16).collect();
        let expected: Vec<f32> = samples.iter().map(|s| f32::from(*s) / 32_768.0).collect();
        // The name lies.
        let path = folder.path().join("a.wav");
        std::fs::write(&path, flac(&samples, 44_100)).unwrap();
        assert_eq!(read(&path).unwrap(), Mono { samples: expected.clone(), rate_hz: 44_100 });
        let path = folder.path().join("b.flac");
        let twice: Vec<f32> = expected.iter().map(|s| 2.0 * s).collect();
        shared::audio::write_wav(&path, &[twice, vec![0.0; 400]], 48_000).unwrap();
        assert_eq!(read(&path).unwrap(), Mono { samples: expected, rate_hz: 48_000 });
        assert_eq!(list(folder.path()).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_sound_is_refused_with_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let whole = flac(&[1000; 400], 44_100);
        for (name, bytes) in [
            ("text.flac", b"hello".as_slice()),
            ("empty.wav", b""),
            ("cut.flac", &whole[..40]),
            ("head.flac", &whole[..20]),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let problem = read(&path).unwrap_err().to_string();
            assert!(problem.contains(name), "{problem}");
        }
        assert!(read(&folder.path().join("none.wav")).is_err());
        assert!(read(folder.path()).is_err());
    }
}
