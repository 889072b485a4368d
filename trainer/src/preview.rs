//! Clips to listen to while training goes on.

use crate::TrainerError;
use crate::data::Pair;
use crate::progress::{Follower, Measured};
use crate::report::Player;
use shared::audio::write_wav;
use shared::model::{Card, Model, Network, WaveNet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The folder of the clips in that of a run.
pub const FOLDER: &str = "preview";
/// Length of a clip, in seconds.
const SECONDS: f64 = 8.0;
/// Clips that are kept beside the newest.
const KEPT: usize = 30;
/// The newest clip's second name, for a player that is left open.
const LATEST: &str = "latest.wav";
/// What the gear made of the same seconds.
const TARGET: &str = "target.wav";

/// Renders the liveliest seconds of the held-out part with the best weights so far, every so often.
pub struct Preview {
    folder: PathBuf,
    input: Vec<f32>,
    clip: Range<usize>,
    target: Vec<f32>,
    rate_hz: u32,
    every: Duration,
    last: Option<Instant>,
    from_the_start: bool,
}

impl Preview {
    /// Previews in the folder `preview` of `out`, of the part of `held_out` that begins at sample `start`: the first
    /// with the first measurement, the next no sooner than `every_seconds` later.
    pub fn new(out: &Path, held_out: &Pair, start: usize, every_seconds: f64) -> Self {
        let clip = loudest(&held_out.target, start, (SECONDS * f64::from(held_out.rate_hz)) as usize);
        Self {
            folder: out.join(FOLDER),
            input: held_out.input.clone(),
            target: held_out.target[clip.clone()].to_vec(),
            clip,
            rate_hz: held_out.rate_hz,
            every: Duration::from_secs_f64(every_seconds),
            last: None,
            from_the_start: true,
        }
    }

    fn write(&self, name: &str, sound: &[f32]) -> Result<(), TrainerError> {
        Ok(write_wav(&self.folder.join(name), &[sound], self.rate_hz)?)
    }

    /// Clips of single steps, the oldest first.
    fn clips(&self) -> Result<Vec<PathBuf>, TrainerError> {
        let failed = |e| TrainerError::file(&self.folder, e);
        let mut clips = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with("step_") && name.ends_with(".wav") {
                clips.push(entry.path());
            }
        }
        clips.sort();
        Ok(clips)
    }

    fn render(&self, measured: &Measured<'_>) -> Result<(), TrainerError> {
        std::fs::create_dir_all(&self.folder).map_err(|e| TrainerError::file(&self.folder, e))?;
        let clips = self.clips()?;
        let earlier = if self.last.is_none() && self.from_the_start { clips.len() } else { 0 };
        let surplus = earlier.max((clips.len() + 1).saturating_sub(KEPT));
        for clip in &clips[..surplus] {
            std::fs::remove_file(clip).map_err(|e| TrainerError::file(clip, e))?;
        }
        if self.last.is_none() {
            self.write(TARGET, &self.target)?;
        }
        let net = WaveNet::new(measured.spec.clone(), measured.best.to_vec())?;
        let card = Card { sample_rate_hz: f64::from(self.rate_hz), ..Card::default() };
        let model = Model { card, network: Network::WaveNet(net) };
        let sound = Player::new(&model)?.play(&self.input, self.clip.clone());
        self.write(&format!("step_{:09}.wav", measured.point.step), &sound)?;
        self.write(LATEST, &sound)
    }
}

/// The `length` samples of `signal`, from `start` on, with the most energy.
fn loudest(signal: &[f32], start: usize, length: usize) -> Range<usize> {
    let length = length.min(signal.len() - start);
    let hop = (length / 8).max(1);
    let energy = |at: &usize| crate::data::power(&signal[*at..*at + length]);
    let begins = (start..=signal.len() - length).step_by(hop);
    let begin = begins.max_by(|a, b| energy(a).total_cmp(&energy(b))).unwrap_or(start);
    begin..begin + length
}

impl Follower for Preview {
    fn name(&self) -> &'static str {
        "previews"
    }

    fn begins(&mut self, step: u64) -> Result<(), TrainerError> {
        self.from_the_start = step == 0;
        Ok(())
    }

    fn measured(&mut self, measured: &Measured<'_>) -> Result<(), TrainerError> {
        if self.last.is_none_or(|last| last.elapsed() >= self.every) {
            self.render(measured)?;
            self.last = Some(Instant::now());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Point;
    use shared::model::WaveNetSpec;

    fn point(step: u64) -> Point {
        Point {
            step,
            seconds: 1.0,
            loss: 0.0,
            train_esr: 0.0,
            esr: 0.0,
            learning_rate: 0.0,
            samples_per_second: 0.0,
        }
    }

    #[test]
    fn clips_are_what_the_best_weights_play_of_the_loudest_seconds() {
        let folder = tempfile::tempdir().unwrap();
        let input: Vec<f32> =
            (0..12_000).map(|i| if i > 9000 { (i as f32 * 0.1).sin() } else { 0.0 }).collect();
        let pair = Pair { target: input.iter().map(|x| 0.5 * x).collect(), input, rate_hz: 1000 };
        let spec = WaveNetSpec::seed(2, 2, 3, true);
        let best = crate::initialise::initial_weights(&spec, 1);
        let mut preview = Preview::new(folder.path(), &pair, 2000, 1e-9);
        preview.begins(0).unwrap();
        std::fs::create_dir(folder.path().join("preview")).unwrap();
        std::fs::write(folder.path().join("preview/step_000000007.wav"), "of an earlier run").unwrap();
        for step in 1..=KEPT as u64 + 3 {
            let point = point(step);
            preview.measured(&Measured { point: &point, best_esr: 0.0, spec: &spec, best: &best }).unwrap();
        }
        let clips = preview.clips().unwrap();
        assert_eq!(clips.len(), KEPT);
        assert!(clips[0].ends_with("step_000000004.wav"), "{}", clips[0].display());
        let read = |name: &str| shared::audio::read_wav(&folder.path().join("preview").join(name)).unwrap().0;
        assert_eq!(read("latest.wav"), read("step_000000033.wav"));
        assert_eq!(read("target.wav"), [pair.target[4000..].to_vec()]);
        let net = WaveNet::new(spec, best).unwrap();
        let torch = crate::render::Renderer::new(&net, crate::device::Device::CPU, 4096).unwrap();
        let expected = { torch }.render(&pair.input).unwrap();
        let apart = crate::evaluate::peak_difference(&read("latest.wav")[0], &expected[4000..]);
        assert!(apart < 1e-5, "{apart:e}");
    }

    #[test]
    fn a_long_wait_makes_one_clip() {
        let folder = tempfile::tempdir().unwrap();
        let pair = Pair { input: vec![0.1; 3000], target: vec![0.1; 3000], rate_hz: 8000 };
        let spec = WaveNetSpec::seed(2, 2, 3, true);
        let best = crate::initialise::initial_weights(&spec, 1);
        let mut preview = Preview::new(folder.path(), &pair, 0, 86_400.0);
        for step in [5, 6] {
            let point = point(step);
            preview.measured(&Measured { point: &point, best_esr: 0.0, spec: &spec, best: &best }).unwrap();
        }
        assert_eq!(preview.clips().unwrap().len(), 1);
    }
}
