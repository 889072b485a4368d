//! Audio files that are fine, and files that are not.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use shared::audio::{Reader, read_wav, write_wav};
use std::path::{Path, PathBuf};

fn write(path: &Path, bits: u16, format: hound::SampleFormat, samples: &[f64], channels: u16) {
    let spec = hound::WavSpec { channels, sample_rate: 44_100, bits_per_sample: bits, sample_format: format };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for sample in samples {
        match format {
            hound::SampleFormat::Float => writer.write_sample(*sample as f32).unwrap(),
            hound::SampleFormat::Int => {
                let full_scale = f64::from(1u32 << (bits - 1));
                writer.write_sample((sample * full_scale) as i32).unwrap();
            }
        }
    }
    writer.finalize().unwrap();
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn error_of(path: PathBuf) -> String {
    let error = read_wav(&path).unwrap_err().to_string();
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(error.contains(name), "the file is not named: {error}");
    error
}

#[test]
fn every_depth_is_read_at_the_same_level() {
    let folder = folder();
    for (bits, format) in [
        (8, hound::SampleFormat::Int),
        (16, hound::SampleFormat::Int),
        (24, hound::SampleFormat::Int),
        (32, hound::SampleFormat::Int),
        (32, hound::SampleFormat::Float),
    ] {
        let path = folder.path().join(format!("{bits}.wav"));
        write(&path, bits, format, &[0.0, 0.5, -0.5, 0.25, -1.0, 0.125], 2);
        let (channels, rate) = read_wav(&path).unwrap();
        assert_eq!(rate, 44_100);
        assert_eq!(channels, [[0.0, -0.5, -1.0], [0.5, 0.25, 0.125]], "{bits} bit {format:?}");
    }
}

#[test]
fn what_is_written_reads_back_exactly_in_blocks_of_any_size() {
    let folder = folder();
    let path = folder.path().join("out.wav");
    let left: Vec<f32> = (0..10_000).map(|i| (i as f32 * 0.1).sin()).collect();
    let right: Vec<f32> = left.iter().map(|x| -3.0 * x).collect();
    write_wav(&path, &[&left, &right], 96_000).unwrap();
    for block in [1, 17, 4_096, 100_000] {
        let mut reader = Reader::open(&path).unwrap();
        assert_eq!((reader.frames(), reader.channels(), reader.sample_rate_hz()), (Some(10_000), 2, 96_000));
        let mut buffers = vec![vec![0.0; block]; 2];
        let mut read = [Vec::new(), Vec::new()];
        loop {
            let n = reader.read(&mut buffers).unwrap();
            if n == 0 {
                break;
            }
            read.iter_mut().zip(&buffers).for_each(|(r, b)| r.extend_from_slice(&b[..n]));
        }
        assert!(read[0] == left && read[1] == right, "blocks of {block}");
    }
}

#[test]
fn unusable_files_are_refused_by_name() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);

    assert!(error_of(at("missing.wav")).contains("No such file"));
    std::fs::write(at("zero_bytes.wav"), b"").unwrap();
    assert!(error_of(at("zero_bytes.wav")).contains("cut short"));
    std::fs::write(at("text.wav"), b"this is no audio file at all, only text").unwrap();
    assert!(error_of(at("text.wav")).contains("neither WAV nor"));
    write(&at("no_samples.wav"), 16, hound::SampleFormat::Int, &[], 1);
    assert!(error_of(at("no_samples.wav")).contains("no samples"));

    write(&at("nan.wav"), 32, hound::SampleFormat::Float, &[0.0, 0.0, 0.0, f64::NAN], 2);
    let error = error_of(at("nan.wav"));
    assert!(error.contains("sample 1 of channel 2 is NaN"), "{error}");

    write(&at("cut.wav"), 16, hound::SampleFormat::Int, &[0.25; 1_000], 1);
    let bytes = std::fs::read(at("cut.wav")).unwrap();
    std::fs::write(at("cut.wav"), &bytes[..1_000]).unwrap();
    let error = error_of(at("cut.wav"));
    assert!(error.contains("1000") && error.contains("cut short"), "{error}");
}

#[test]
fn a_failed_write_leaves_the_old_file() {
    let folder = folder();
    let path = folder.path().join("keep.wav");
    write_wav(&path, &[[0.5f32; 4]], 48_000).unwrap();
    let before = std::fs::read(&path).unwrap();
    let mut writer = shared::audio::Writer::create(&path, 1, 48_000).unwrap();
    writer.write(&[[1.0f32; 2]], 2).unwrap();
    drop(writer);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file was left");
    let nowhere = folder.path().join("no/such/folder/out.wav");
    let error = write_wav(&nowhere, &[[0.5f32; 4]], 48_000).unwrap_err().to_string();
    assert!(error.contains("no/such/folder"), "{error}");
}

#[test]
fn more_than_a_wav_can_hold_is_refused_before_it_is_written() {
    let folder = folder();
    let path = folder.path().join("long.wav");
    let mut writer = shared::audio::Writer::create(&path, 64, 48_000).unwrap();
    let error = writer.write(&[[0.0f32; 0]; 64], 1 << 25).unwrap_err().to_string();
    assert!(error.contains("4 GiB") && error.contains("long.wav"), "{error}");
}

#[cfg(unix)]
#[test]
fn pipes_and_folders_are_neither_read_nor_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let folder = folder();
    let pipe = folder.path().join("pipe.wav");
    let name = std::ffi::CString::new(pipe.to_str().unwrap()).unwrap();
    // SAFETY: the name is a C string that outlives the call.
    assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
    for path in [&pipe, &folder.path().to_owned()] {
        assert!(read_wav(path).is_err());
        assert!(shared::model::Model::load(path).is_err());
        assert!(write_wav(path, &[[0.5f32; 4]], 48_000).is_err());
    }
    assert!(std::fs::metadata(&pipe).unwrap().file_type().is_fifo());
}

/// An AIFF file of 16 bit, one channel, 44.1 kHz.
fn aiff(samples: &[i16]) -> Vec<u8> {
    // 44100 as an 80 bit floating point number.
    let rate = [0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0];
    let frames = (samples.len() as u32).to_be_bytes();
    let common = [&[0, 1][..], &frames, &[0, 16], &rate].concat();
    let sound: Vec<u8> = [0; 8].into_iter().chain(samples.iter().flat_map(|s| s.to_be_bytes())).collect();
    let chunk = |name: &[u8], content: &[u8]| [name, &(content.len() as u32).to_be_bytes(), content].concat();
    let content = [b"AIFF".to_vec(), chunk(b"COMM", &common), chunk(b"SSND", &sound)].concat();
    chunk(b"FORM", &content)
}

#[test]
fn memory_is_read_as_a_file_is() {
    let folder = folder();
    let wav = folder.path().join("a.wav");
    write(&wav, 24, hound::SampleFormat::Int, &[0.0, 0.5, -0.5, 0.25], 1);
    let other = folder.path().join("a.aif");
    std::fs::write(&other, aiff(&[0, 16_384, -16_384, 8_192])).unwrap();
    for path in [wav, other] {
        let bytes = std::fs::read(&path).unwrap();
        let from = |bytes: &[u8]| {
            let mut reader = Reader::from_bytes(bytes.into(), &path)?;
            Ok::<_, shared::audio::AudioError>((reader.read_all()?, reader.sample_rate_hz()))
        };
        assert_eq!(from(&bytes).unwrap(), (vec![vec![0.0, 0.5, -0.5, 0.25]], 44_100));
        assert_eq!(from(&bytes).unwrap(), read_wav(&path).unwrap());
        for end in 0..bytes.len() {
            std::fs::write(&path, &bytes[..end]).unwrap();
            let (memory, file) = (from(&bytes[..end]), read_wav(&path));
            assert_eq!(memory.map_err(|e| e.to_string()), file.map_err(|e| e.to_string()), "{end} bytes");
        }
    }
}
