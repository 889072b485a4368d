//! Recordings as files, mixed to one channel.

use crate::TrainerError;
use crate::recording::files::mean;
use shared::audio::Reader;
use std::path::{Path, PathBuf};

/// Longest file that is read, in samples of one channel: half an hour at 96 kHz.
const MAX_FRAMES: u64 = 1800 * 96_000;

/// A recording with its channels mixed to one, and its rate in Hz.
#[derive(Clone, Debug, PartialEq)]
pub struct Mono {
    /// The sound.
    pub samples: Vec<f32>,
    /// Sample rate in Hz.
    pub rate_hz: u32,
}

/// Reads an audio file of any kind that [`shared::audio`] reads.
///
/// # Errors
/// The file cannot be read, is no audio file, is damaged, is too long, or holds no samples.
pub fn read(path: &Path) -> Result<Mono, TrainerError> {
    let mut reader = Reader::open(path)?;
    let rate_hz = reader.sample_rate_hz();
    let channels = reader.read_until(MAX_FRAMES)?;
    if reader.position() > MAX_FRAMES {
        return Err(TrainerError::recording(path, format!("longer than {MAX_FRAMES} samples; cut it")));
    }
    let samples = mean(&channels);
    if samples.is_empty() {
        return Err(TrainerError::recording(path, "the file holds no samples"));
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
