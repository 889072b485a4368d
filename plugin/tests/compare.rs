//! A and B are equally loud, whatever they are.

#![allow(clippy::unwrap_used, reason = "clippy's exception for tests does not reach their helpers")]

use ebur128::{EbuR128, Mode};
use shared::audio::{read_wav, write_wav};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tonewright::amp::{ContentHash, Desk, Part, SavedSource};
use tonewright::compare::{
    DryRing, HEARD_SECONDS, Levels, Load, Recording, Scales, WeighError, match_gains, weigh, weigh_each,
};
use tonewright::factory::DEFAULT_SLOT;
use tonewright::presets::{Dials, Files, PRESETS, Sound, Studio, Surroundings};
use tonewright::rack::RackFormat;
use tonewright::session::{Blob, Finder, GoOn, Nowhere, Pool};

const RATE_HZ: f64 = 48_000.0;
const BLOCK: usize = 480;

/// Longest wait for the scales: they must come to an end, however slow the machine.
const LIMIT: Duration = Duration::from_secs(300);

/// What both sides may differ by, in LU.
const EQUAL_LU: f64 = 0.3;

fn demo() -> Vec<f32> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../assets/demo/clean_guitar.wav");
    read_wav(&path).unwrap().0.swap_remove(0)
}

fn sounds() -> Vec<Sound> {
    let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
    PRESETS.iter().map(|preset| preset.read(&dials).unwrap().sound).collect()
}

fn studio(sound: &Sound) -> Studio {
    let format =
        RackFormat { sample_rate_hz: RATE_HZ, max_block_samples: BLOCK, channels_in: 1, channels_out: 1 };
    let mut studio = Studio::new(sound, Surroundings::default());
    studio.prepare(format).unwrap();
    studio
}

/// Plays a guitar as a host does, block by block, with the ring running.
fn play(studio: &mut Studio, ring: &DryRing, guitar: &[f32]) -> Vec<f32> {
    let mut output = guitar.to_vec();
    for block in output.chunks_mut(BLOCK) {
        ring.write(&[&mut *block]);
        studio.play(&mut [block]);
    }
    output
}

fn loudness(signal: &[f32]) -> f64 {
    let mut meter = EbuR128::new(1, RATE_HZ as u32, Mode::I).unwrap();
    meter.add_frames_f32(signal).unwrap();
    meter.loudness_global().unwrap()
}

fn last_seconds(signal: &[f32]) -> &[f32] {
    &signal[signal.len().saturating_sub((HEARD_SECONDS * RATE_HZ) as usize)..]
}

fn weighed(scales: &mut Scales, sounds: [&Sound; 2], recording: Recording) -> Levels {
    let load = Load { sounds: sounds.map(Sound::clone), surroundings: Surroundings::default(), recording };
    scales.weigh(load).unwrap();
    let begin = Instant::now();
    while begin.elapsed() < LIMIT {
        if let Some(result) = scales.take() {
            return result.unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("nothing was weighed in {LIMIT:?}");
}

/// Every pair is weighed by the comparison itself on the demo recording, and what a host would then play of each side is measured from outside.
#[test]
fn every_pair_of_factory_presets_is_matched_on_the_demo_recording() {
    let (sounds, guitar) = (sounds(), demo());
    // What a host plays of each, unmatched, on a thread of its own: the ring hears the same guitar each time.
    let host = |sound: &Sound| {
        let (mut studio, ring) = (studio(sound), DryRing::new(1, RATE_HZ));
        play(&mut studio, &ring, &guitar);
        (play(&mut studio, &ring, &guitar), ring)
    };
    let host = &host;
    let (played, mut rings): (Vec<Vec<f32>>, Vec<DryRing>) = std::thread::scope(|scope| {
        let hosts: Vec<_> = sounds.iter().map(|sound| scope.spawn(move || host(sound))).collect();
        hosts.into_iter().map(|host| host.join().unwrap()).unzip()
    });
    let ring = rings.swap_remove(0);
    let recording = ring.latest();
    let all: Vec<&Sound> = sounds.iter().collect();
    let lufs = weigh_each(&all, &Surroundings::default(), &recording, &|| true).unwrap();
    let mut worst = (0.0, "", "");
    for a in 0..sounds.len() {
        for b in 0..a {
            let gains = match_gains(&Levels { lufs: [lufs[a], lufs[b]], played: true });
            let heard = [a, b].map(|at| &played[at]).into_iter().zip(gains).map(|(signal, gain_db)| {
                let gain = 10f32.powf(gain_db / 20.0);
                let signal: Vec<f32> = last_seconds(signal).iter().map(|sample| sample * gain).collect();
                loudness(&signal)
            });
            let heard: Vec<f64> = heard.collect();
            let far = (heard[0] - heard[1]).abs();
            if far > worst.0 {
                worst = (far, PRESETS[a].id, PRESETS[b].id);
            }
            assert!(
                far <= EQUAL_LU,
                "{} and {}: {heard:?} LUFS with {gains:?} dB",
                PRESETS[a].id,
                PRESETS[b].id
            );
        }
    }
    println!(
        "worst of {} pairs: {:.3} LU, {} and {}",
        sounds.len() * (sounds.len() - 1) / 2,
        worst.0,
        worst.1,
        worst.2
    );
}

/// A plays, the player turns to B, and the rack applies the gain that the comparison found.
#[test]
fn turning_from_one_side_to_the_other_keeps_the_loudness() {
    let (sounds, guitar) = (sounds(), demo());
    let at = |id: &str| PRESETS.iter().position(|preset| preset.id == id).unwrap();
    let mut scales = Scales::default();
    for (a, b) in [("late_jazz", "cutting_solo"), ("warm_solo", "glass")] {
        let pair = [&sounds[at(a)], &sounds[at(b)]];
        let ring = DryRing::new(1, RATE_HZ);
        let mut first = studio(pair[0]);
        play(&mut first, &ring, &guitar);
        let gains = match_gains(&weighed(&mut scales, pair, ring.latest()));
        assert!(gains[0].min(gains[1]) < -0.2 && gains[0].max(gains[1]) == 0.0, "{gains:?}");
        let mut heard = [0.0; 2];
        for ((sound, gain), heard) in pair.into_iter().zip(gains).zip(&mut heard) {
            let mut side = studio(sound);
            side.set_match_db(gain);
            // The first time the equaliser has heard nothing yet.
            play(&mut side, &ring, &guitar);
            *heard = loudness(last_seconds(&play(&mut side, &ring, &guitar)));
        }
        assert!((heard[0] - heard[1]).abs() <= EQUAL_LU, "{a} and {b}: {heard:?} LUFS with {gains:?} dB");
    }
}

#[test]
fn where_nothing_was_played_a_phrase_takes_its_place() {
    let sounds = sounds();
    let ring = DryRing::new(1, RATE_HZ);
    ring.write(&[&mut [0.0; 48_000]]);
    let mut scales = Scales::default();
    let levels = weighed(&mut scales, [&sounds[0], &sounds[5]], ring.latest());
    assert!(
        !levels.played
            && levels.lufs.iter().all(|lufs| lufs.is_some_and(|lufs| (-40.0..0.0).contains(&lufs)))
    );
}

#[test]
fn what_cannot_be_played_is_said() {
    let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
    let (good, mut bad) = (Sound::usual(&dials), Sound::usual(&dials));
    let model = dials.place("model").unwrap();
    bad.values[model] = 0.0;
    bad.files[0].path = Some("/nowhere/gone.nam".into());
    let recording = Recording { channels: vec![demo()], sample_rate_hz: RATE_HZ };
    let problem =
        weigh([&good, &bad], &Surroundings::default(), &recording, &|| true).unwrap_err().to_string();
    assert!(problem.starts_with("B cannot be compared") && problem.contains("gone.nam"), "{problem}");
    assert!(weigh([&good, &good], &Surroundings::default(), &recording, &|| false).is_err());
}

/// A sound with a stereo response of the player's own, which only a session carries.
fn carried() -> (Sound, Files) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wide.wav");
    write_wav(&path, &[vec![1.0, 0.3, -0.1], vec![0.8, 0.4, 0.05]], 48_000).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let hash = ContentHash::of(&bytes);
    let pool = Pool::default();
    pool.put(Arc::new(Blob::pack(hash, &bytes).unwrap()));
    let dials = Dials::apart(Arc::new(Desk::new(DEFAULT_SLOT)));
    let mut sound = Sound::usual(&dials);
    for id in ["cab_a", "cab_blend", "cab_low_cut", "cab_high_cut"] {
        let at = dials.place(id).unwrap();
        sound.values[at] = if id == "cab_high_cut" { 1.0 } else { 0.0 };
    }
    sound.files[1] = SavedSource { path: Some(path), hash: Some(hash), ..SavedSource::default() };
    (sound, Files { pool: Arc::new(pool), finder: Arc::new(Nowhere) })
}

#[test]
fn what_only_the_session_carries_is_compared() {
    let (sound, files) = carried();
    let usual = sounds().swap_remove(0);
    let recording = Recording { channels: vec![demo()[..96_000].to_vec()], sample_rate_hz: RATE_HZ };
    let weighed = |files: Files| {
        let surroundings = Surroundings { files, ..Surroundings::default() };
        weigh([&usual, &sound], &surroundings, &recording, &|| true)
    };
    assert!(weighed(files).unwrap().lufs[1].is_some());
    let elsewhere = Files { pool: Arc::default(), finder: Arc::new(Nowhere) };
    assert!(weighed(elsewhere).unwrap_err().to_string().contains("wide.wav"));
}

/// Searches for as long as anybody wants to know.
struct Endless(Arc<AtomicBool>);

impl Endless {
    fn search(&self, go_on: GoOn<'_>) -> Option<PathBuf> {
        self.0.store(true, Ordering::Release);
        while go_on() {
            std::thread::sleep(Duration::from_millis(1));
        }
        None
    }
}

impl Finder for Endless {
    fn by_hash(&self, _: Part, _: ContentHash, _: &str, _: Option<u64>, go_on: GoOn<'_>) -> Option<PathBuf> {
        self.search(go_on)
    }

    fn by_name(&self, _: Part, _: &str, go_on: GoOn<'_>) -> Option<PathBuf> {
        self.search(go_on)
    }
}

#[test]
fn what_is_searched_for_is_given_up_with_the_comparison() {
    let searches = Arc::new(AtomicBool::new(false));
    let files = Files { pool: Arc::default(), finder: Arc::new(Endless(searches.clone())) };
    let surroundings = Surroundings { files, ..Surroundings::default() };
    let sound = carried().0;
    let recording = Recording { channels: vec![demo()], sample_rate_hz: RATE_HZ };
    let go_on = || !searches.load(Ordering::Acquire);
    let format =
        RackFormat { sample_rate_hz: RATE_HZ, max_block_samples: BLOCK, channels_in: 1, channels_out: 1 };
    let problem = Studio::new(&sound, surroundings.clone()).prepare_while(format, &go_on).unwrap_err();
    assert!(problem.to_string().contains("nobody waits"), "not that it took too long: {problem}");
    searches.store(false, Ordering::Release);
    let weighed = weigh([&sound, &sound], &surroundings, &recording, &go_on);
    assert_eq!(weighed, Err(WeighError::GivenUp));
}

/// A mono track with a stereo output: what a stereo response makes of it is weighed as it is heard.
#[test]
fn one_guitar_that_becomes_two_is_weighed_as_two() {
    let (sound, files) = carried();
    let guitar = demo()[..144_000].to_vec();
    let surroundings = Surroundings { channels_out: 2, files, ..Surroundings::default() };
    let mut studio = Studio::new(&sound, surroundings.clone());
    let format =
        RackFormat { sample_rate_hz: RATE_HZ, max_block_samples: BLOCK, channels_in: 1, channels_out: 2 };
    studio.prepare(format).unwrap();
    let (mut left, mut right) = (guitar.clone(), vec![0.0; guitar.len()]);
    for (left, right) in left.chunks_mut(BLOCK).zip(right.chunks_mut(BLOCK)) {
        studio.play(&mut [left, right]);
    }
    let mut meter = EbuR128::new(2, RATE_HZ as u32, Mode::I).unwrap();
    meter.add_frames_planar_f32(&[&left, &right]).unwrap();
    let heard = meter.loudness_global().unwrap();
    assert!((heard - loudness(&left)).abs() > 0.5, "the right side is heard as well");
    let recording = Recording { channels: vec![guitar], sample_rate_hz: RATE_HZ };
    let weighed = weigh_each(&[&sound], &surroundings, &recording, &|| true).unwrap()[0].unwrap();
    assert!((weighed - heard).abs() < 0.01, "{weighed} LUFS weighed, {heard} LUFS heard");
}
