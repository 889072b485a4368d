//! Every kind of file that is read.
//!
//! The files in `tones` are 0.1 s of two sines at 44.1 kHz, 1 kHz at 0.5 and 500 Hz at 0.25, as libsndfile 1.2.2 writes
//! them, and the M4A as ffmpeg does.

use crate::support::{folder, noise, processed};
use shared::audio::{Reader, read_wav};
use shared::chain::Chain;
use shared::stream::Options;
use std::f64::consts::TAU;
use std::path::{Path, PathBuf};

const TONE_FRAMES: usize = 4_410;

pub fn tone(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stream/tones").join(name)
}

fn sines() -> [Vec<f32>; 2] {
    [(1_000.0, 0.5), (500.0, 0.25)].map(|(hz, level): (f64, f64)| {
        (0..TONE_FRAMES).map(|i| (level * (TAU * hz * i as f64 / 44_100.0).sin()) as f32).collect()
    })
}

#[test]
fn compressed_files_hold_the_tones() {
    // Steps of 16 and of 24 bit; what is lost to the ear's deafness.
    for (name, exact, error) in [
        ("tone.flac", true, 1.0 / 8_388_608.0),
        ("tone.caf", false, 1.0 / 32_768.0),
        ("tone.m4a", false, 1.0 / 32_768.0),
        ("tone.ogg", false, 0.02),
        ("tone.mp3", false, 0.02),
    ] {
        let mut reader = Reader::open(&tone(name)).unwrap();
        assert_eq!((reader.sample_rate_hz(), reader.channels()), (44_100, 2), "{name}");
        assert_eq!(reader.frames(), exact.then_some(TONE_FRAMES as u64), "{name}");
        let sound = reader.read_all().unwrap();
        assert_eq!(reader.position(), sound[0].len() as u64);
        for (channel, sine) in sound.iter().zip(sines()) {
            assert_eq!(channel.len(), sine.len(), "{name}");
            // A sound that begins and ends at once is smeared there.
            let edge = if error > 0.001 { 600 } else { 0 };
            let inner = edge..sine.len() - edge;
            for (x, y) in channel[inner.clone()].iter().zip(&sine[inner]) {
                assert!((x - y).abs() <= error, "{name}: {x} instead of {y}");
            }
        }
    }
}

#[test]
fn compressed_files_go_through_a_chain() {
    for name in ["tone.flac", "tone.mp3", "tone.ogg"] {
        let (expected, rate) = read_wav(&tone(name)).unwrap();
        let chain = Chain::new(vec![Box::new(crate::support::Late::by(37))]).unwrap();
        assert!(processed(chain, Options::default(), &tone(name)) == (expected, rate), "{name}");
    }
}

/// A chunk of a RIFF or AIFF file, its length as `length` writes it.
fn chunk(name: &[u8; 4], body: &[u8], length: fn(u32) -> [u8; 4]) -> Vec<u8> {
    let mut chunk = name.to_vec();
    chunk.extend(length(body.len() as u32));
    chunk.extend(body);
    chunk.resize(chunk.len().next_multiple_of(2), 0);
    chunk
}

/// A WAV file with as short a header as its kind allows.
pub fn wav(tag: u16, bits: u16, channels: u16, rate_hz: u32, data: &[u8]) -> Vec<u8> {
    let align = channels * (bits / 8);
    let mut format = [tag.to_le_bytes(), channels.to_le_bytes()].concat();
    format.extend([rate_hz.to_le_bytes(), (rate_hz * u32::from(align)).to_le_bytes()].concat());
    format.extend([align.to_le_bytes(), bits.to_le_bytes()].concat());
    if tag != 1 {
        format.extend([0; 2]);
    }
    let chunks =
        [b"WAVE".to_vec(), chunk(b"fmt ", &format, u32::to_le_bytes), chunk(b"data", data, u32::to_le_bytes)];
    chunk(b"RIFF", &chunks.concat(), u32::to_le_bytes)
}

/// An AIFF file. The rate is a float of 80 bit.
pub fn aiff(bits: u16, channels: u16, rate_hz: u16, data: &[u8]) -> Vec<u8> {
    let frames = data.len() as u32 / u32::from(channels * bits / 8);
    let mut common = channels.to_be_bytes().to_vec();
    common.extend(frames.to_be_bytes());
    common.extend(bits.to_be_bytes());
    let shift = rate_hz.leading_zeros() as u16;
    common.extend((16_383 + 15 - shift).to_be_bytes());
    common.extend((u64::from(rate_hz) << (48 + shift)).to_be_bytes());
    let sound = [&[0; 8], data].concat();
    let chunks = [
        b"AIFF".to_vec(),
        chunk(b"COMM", &common, u32::to_be_bytes),
        chunk(b"SSND", &sound, u32::to_be_bytes),
    ];
    chunk(b"FORM", &chunks.concat(), u32::to_be_bytes)
}

/// A CAF file of floating point samples, most significant byte first.
fn caf(rate_hz: f64, channels: u32, data: &[u8]) -> Vec<u8> {
    let mut file = b"caff\x00\x01\x00\x00desc".to_vec();
    file.extend(32u64.to_be_bytes());
    file.extend(rate_hz.to_be_bytes());
    file.extend(b"lpcm");
    // Floating point; bytes a packet, samples a packet, channels, bits.
    for value in [1, 4 * channels, 1, channels, 32] {
        file.extend(value.to_be_bytes());
    }
    file.extend(b"data");
    file.extend((data.len() as u64 + 4).to_be_bytes());
    file.extend([0; 4]);
    file.extend(data);
    file
}

fn read(bytes: &[u8]) -> (Vec<Vec<f32>>, u32) {
    let folder = folder();
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).unwrap();
    read_wav(&path).unwrap()
}

#[test]
fn integers_of_every_depth_are_read_to_the_bit() {
    let whole: Vec<i32> =
        noise(500, 1).iter().map(|x| (x * 2f32.powi(32)) as i32).chain([i32::MIN]).collect();
    for bits in [8u16, 16, 24, 32] {
        let value = |x: &i32| (f64::from(x >> (32 - bits)) / 2f64.powi(i32::from(bits) - 1)) as f32;
        let expected: Vec<f32> = whole.iter().map(value).collect();
        let bytes = usize::from(bits / 8);
        let little = |x: &i32| match bits {
            // WAV's 8 bit samples have no sign.
            8 => vec![((x >> 24) + 128) as u8],
            _ => x.to_le_bytes()[4 - bytes..].to_vec(),
        };
        let data: Vec<u8> = whole.iter().flat_map(little).collect();
        assert_eq!(
            read(&wav(1, bits, 1, 48_000, &data)),
            (vec![expected.clone()], 48_000),
            "WAV, {bits} bit"
        );
        let data: Vec<u8> = whole.iter().flat_map(|x| x.to_be_bytes()[..bytes].to_vec()).collect();
        assert_eq!(read(&aiff(bits, 1, 44_100, &data)), (vec![expected], 44_100), "AIFF, {bits} bit");
    }
}

#[test]
fn floating_point_is_read_to_the_bit_beyond_full_scale() {
    let values: Vec<f32> = noise(500, 2).iter().map(|x| 8.0 * x).collect();
    let halves = |values: &[f32]| {
        let of = |first: usize| values.iter().skip(first).step_by(2).copied().collect::<Vec<f32>>();
        vec![of(0), of(1)]
    };
    let data: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    assert_eq!(read(&wav(3, 32, 2, 96_000, &data)), (halves(&values), 96_000));
    let data: Vec<u8> = values.iter().flat_map(|x| f64::from(*x).to_le_bytes()).collect();
    assert_eq!(read(&wav(3, 64, 2, 44_100, &data)), (halves(&values), 44_100));
    let data: Vec<u8> = values.iter().flat_map(|x| x.to_be_bytes()).collect();
    assert_eq!(read(&caf(48_000.0, 2, &data)), (halves(&values), 48_000));
}

#[test]
fn logarithmic_samples_are_read() {
    // G.711: µ-law 0x80 and 0x00 are the largest values, 0xff is 0; A-law's smallest steps are ±8 of 32768.
    let (sound, _) = read(&wav(7, 8, 1, 8_000, &[0xff, 0x80, 0x00]));
    assert_eq!(sound, [[0.0, 32_124.0 / 32_768.0, -32_124.0 / 32_768.0]]);
    let (sound, _) = read(&wav(6, 8, 1, 8_000, &[0xd5, 0x55]));
    assert_eq!(sound, [[8.0 / 32_768.0, -8.0 / 32_768.0]]);
}

#[test]
fn numbers_that_are_none_are_found_in_every_kind_of_file() {
    let folder = folder();
    let path = folder.path().join("broken");
    for (value, name) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (1e300, "inf")] {
        let mut values = [0.25f64; 3_000];
        values[2_001] = value;
        let data: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
        std::fs::write(&path, wav(3, 64, 2, 48_000, &data)).unwrap();
        let error = read_wav(&path).unwrap_err().to_string();
        assert!(error.contains("sample 1000 of channel 2") && error.contains(name), "{error}");
    }
}

/// A WAV file whose integers do not fill their bytes, with the header that says so.
fn extensible(bits: u16, valid: u16, channels: u16, data: &[u8]) -> Vec<u8> {
    let align = channels * bits / 8;
    let mut format = [0xfffeu16.to_le_bytes(), channels.to_le_bytes()].concat();
    format.extend([48_000u32.to_le_bytes(), (48_000 * u32::from(align)).to_le_bytes()].concat());
    for value in [align, bits, 22, valid, 3, 0, 1, 0, 0, 0x10, 0x80, 0xaa00, 0x3800, 0x719b] {
        format.extend(value.to_le_bytes());
    }
    let chunks =
        [b"WAVE".to_vec(), chunk(b"fmt ", &format, u32::to_le_bytes), chunk(b"data", data, u32::to_le_bytes)];
    chunk(b"RIFF", &chunks.concat(), u32::to_le_bytes)
}

#[test]
fn integers_that_do_not_fill_their_bytes_are_the_high_bits() {
    let whole: Vec<i32> =
        noise(500, 1).iter().map(|x| (x * 2f32.powi(32)) as i32).chain([i32::MIN, i32::MAX]).collect();
    for (bits, valid) in [(32u16, 24u16), (24, 20), (32, 20), (16, 12), (24, 24), (32, 32)] {
        let value = |x: &i32| (f64::from(x >> (32 - valid)) / 2f64.powi(i32::from(valid) - 1)) as f32;
        let bytes = |x: &i32| {
            let cut = (x >> (32 - valid)) << (32 - valid);
            cut.to_le_bytes()[4 - usize::from(bits / 8)..].to_vec()
        };
        let data: Vec<u8> = whole.iter().flat_map(bytes).collect();
        let expected: Vec<Vec<f32>> =
            (0..2).map(|first| whole.iter().skip(first).step_by(2).map(value).collect()).collect();
        assert_eq!(read(&extensible(bits, valid, 2, &data)).0, expected, "{valid} in {bits}");
        // The same without saying how many are valid, as early 20 bit files have it.
        let mut plain = wav(1, bits, 2, 48_000, &data);
        plain[34..36].copy_from_slice(&valid.to_le_bytes());
        if valid.div_ceil(8) == bits / 8 {
            assert_eq!(read(&plain).0, expected, "{valid} in {bits}, plain");
        } else {
            let folder = folder();
            let path = folder.path().join("unclear.wav");
            std::fs::write(&path, plain).unwrap();
            let error = read_wav(&path).unwrap_err().to_string();
            assert!(error.contains("unclear.wav") && error.contains(&format!("{valid} bit")), "{error}");
        }
    }
}

#[test]
fn wav_files_that_came_through_a_pipe_are_read_to_their_end() {
    let whole: Vec<i16> = (0..999).map(|i| (i * 31) as i16).collect();
    let data: Vec<u8> = whole.iter().flat_map(|x| x.to_le_bytes()).collect();
    let expected: Vec<Vec<f32>> = (0..3)
        .map(|first| whole.iter().skip(first).step_by(3).map(|x| f32::from(*x) / 32_768.0).collect())
        .collect();
    for (riff, size) in [(u32::MAX, u32::MAX), (0, 0), (36, 0), (0x7fff_f024, 0x7fff_f000 / 6 * 6)] {
        let mut file = wav(1, 16, 3, 48_000, &data);
        file[4..8].copy_from_slice(&riff.to_le_bytes());
        file[40..44].copy_from_slice(&size.to_le_bytes());
        // What was begun and not ended does not count.
        file.extend([7; 5]);
        assert_eq!(read(&file), (expected.clone(), 48_000), "{size:#x}");
    }
    // A file that says it is empty and has something else behind that is empty.
    let mut file = wav(1, 16, 3, 48_000, &[]);
    file.extend(chunk(b"LIST", &[0; 60], u32::to_le_bytes));
    let bytes = file.len() as u32 - 8;
    file[4..8].copy_from_slice(&bytes.to_le_bytes());
    let folder = folder();
    let path = folder.path().join("empty.wav");
    std::fs::write(&path, file).unwrap();
    assert!(read_wav(&path).unwrap_err().to_string().contains("no samples"));
}

#[test]
fn a_wav_file_that_claims_more_than_it_has_is_refused_when_it_is_opened() {
    let folder = folder();
    let path = folder.path().join("claims.wav");
    let whole = wav(1, 16, 2, 48_000, &[1; 400]);
    let at = whole.len() - 404;
    // 404 are a frame more than there are; the others are sizes that nobody means and that stand for no unknown one.
    for claimed in [404u32, 0x7fff_fffc, 0xffff_fff0] {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&claimed.to_le_bytes());
        std::fs::write(&path, &bytes).unwrap();
        let error = Reader::open(&path).map(|_| ()).unwrap_err().to_string();
        let samples = claimed / 4;
        let expected = format!("cut short: of the {samples} samples it claims to have, 100 are there");
        assert!(error.contains("claims.wav") && error.contains(&expected), "{error}");
    }
}

#[test]
fn kinds_for_large_files_are_named() {
    let folder = folder();
    let path = folder.path().join("large.wav");
    for (begin, name) in [(b"RF64", "RF64"), (b"BW64", "RF64"), (b"riff", "W64")] {
        std::fs::write(&path, [&begin[..], &[0; 100]].concat()).unwrap();
        let error = read_wav(&path).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("FLAC or CAF"), "{error}");
    }
}
