//! A rack beside the host's: it plays a sound faster or slower than time, for files and for comparisons.

use super::{Dials, Sound};
use crate::amp::{Desk, Loader, Origin, Part};
use crate::factory::DEFAULT_SLOT;
use crate::params::{Known, OversamplingParam};
use crate::rack::{Controls, InputChannels, InputControls, Link, Rack, RackFormat};
use crate::session::{Finder, InLibrary, Pool};
use shared::chain::{Format, Processor, ProcessorError, Purpose};
use shared::word_eq::Mode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longest wait for a model and its loudspeakers.
const LOAD_LIMIT: Duration = Duration::from_secs(60);

/// How often it is asked meanwhile whether there is anybody who still waits.
const LOOK: Duration = Duration::from_millis(20);

/// What is not the sound's, and yet moves it: it is the same on both sides of a comparison.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// What of a stereo track is played.
    pub channels: InputChannels,
    /// Whether the input is matched to the capture's level.
    pub calibrated: bool,
    /// What full scale stands for at the player's interface, in dBu.
    pub full_scale_dbu: f32,
    /// How finely the amp is computed, for sounds that say nothing of it.
    pub oversampling: OversamplingParam,
    /// Channels that the host takes, at least as many as it gives.
    pub channels_out: usize,
    /// Where files of the player's own are looked for that are not where they were.
    pub files: Files,
}

/// What an instance knows of the player's own files: the copies that its session carries, and who searches folders.
#[derive(Clone)]
pub struct Files {
    /// The copies. They are read, and nothing is added.
    pub pool: Arc<Pool>,
    /// Who searches.
    pub finder: Arc<dyn Finder>,
}

impl Default for Files {
    /// No copies, and the player's library.
    fn default() -> Self {
        Self { pool: Arc::default(), finder: Arc::new(InLibrary) }
    }
}

impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Files").field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl Default for Surroundings {
    fn default() -> Self {
        let input = Controls::NEUTRAL.input;
        Self {
            channels: input.channels,
            calibrated: input.calibrated,
            full_scale_dbu: input.full_scale_dbu,
            oversampling: OversamplingParam::X1,
            channels_out: 1,
            files: Files::default(),
        }
    }
}

impl Surroundings {
    /// Those of an instance, as of now.
    pub fn of(dials: &Dials) -> Self {
        let params = dials.params();
        Self {
            channels: params.input.channels.value().into(),
            calibrated: params.input.calibrated.value(),
            full_scale_dbu: params.input.full_scale.value(),
            oversampling: params.oversampling.value(),
            channels_out: dials.desk().format().map_or(1, |format| format.channels_out),
            files: Files { pool: dials.desk().pool().clone(), ..Files::default() },
        }
    }
}

/// A [`Rack`] of its own with a loader of its own, set to one sound. The equaliser listens in line, so that the same input gives the same
/// output.
pub struct Studio {
    dials: Dials,
    loader: Loader,
    rack: Rack,
    surroundings: Surroundings,
    known: Known,
    match_db: f32,
}

impl Studio {
    /// One that plays this sound. Models are read when it is prepared.
    pub fn new(sound: &Sound, surroundings: Surroundings) -> Self {
        let desk = Arc::new(Desk::with_pool(DEFAULT_SLOT, Pool::beside(&surroundings.files.pool)));
        let link = Arc::new(Link::default());
        let dials = Dials::apart(desk.clone());
        sound.set(&dials);
        if sound.leaves.is_some() {
            desk.set_oversampling(surroundings.oversampling.factor());
        }
        // The wishes lie there before the loader looks: it reads nothing in vain.
        let loader = Loader::start_with(desk, link.clone(), surroundings.files.finder.clone());
        let rack = Rack::new(link, Arc::default());
        Self { dials, loader, rack, surroundings, known: Known::default(), match_db: 0.0 }
    }

    /// Plays louder or softer by so much, as a comparison does.
    pub fn set_match_db(&mut self, match_db: f32) {
        self.match_db = match_db;
    }

    /// Gets ready, which takes as long as its models take to be read.
    ///
    /// # Errors
    /// A file of the player's own cannot be played, or the loader was not done in a minute.
    pub fn prepare(&mut self, format: RackFormat) -> Result<(), ProcessorError> {
        self.prepare_while(format, &|| true)
    }

    /// [`Studio::prepare`] for somebody who may not want it any more.
    ///
    /// # Errors
    /// As there, or `go_on` said no while the loader was busy.
    pub fn prepare_while(
        &mut self,
        format: RackFormat,
        go_on: &dyn Fn() -> bool,
    ) -> Result<(), ProcessorError> {
        let desk = self.dials.desk();
        desk.set_format(format);
        let begin = Instant::now();
        while !desk.wait_until_settled(LOOK) {
            let problem = if !go_on() {
                "nobody waits for the model any more".to_owned()
            } else if begin.elapsed() > LOAD_LIMIT {
                format!("the model is still loading after {} s; try again", LOAD_LIMIT.as_secs())
            } else {
                continue;
            };
            return Err(ProcessorError::Other(problem));
        }
        // Something else would play in its place.
        let status = self.loader.status().get();
        let missing = Part::ALL.into_iter().find(|part| status.part(*part).origin == Origin::Missing);
        let missing = missing.map(|part| match self.dials.desk().file(part) {
            Some(path) => {
                format!("{} is nowhere to be found; find it, or choose another file", path.display())
            }
            None => "a file of the player's own is wanted, and none is named".to_owned(),
        });
        if let Some(problem) = missing.or(status.error) {
            return Err(ProcessorError::Other(problem));
        }
        self.rack.listen(Mode::InLine);
        self.rack.prepare(format);
        let controls = self.controls();
        self.rack.foresee(&controls.eq);
        Ok(())
    }

    /// Plays a block in place, as [`Rack::process`].
    pub fn play(&mut self, channels: &mut [&mut [f32]]) {
        let controls = self.controls();
        self.rack.process(channels, controls);
    }

    /// Whether what it does depends on what its equaliser has heard before.
    pub fn listens(&mut self) -> bool {
        let eq = self.controls().eq;
        eq.enabled && (eq.amount != 0.0 || eq.level_match) && !eq.needs_no_sound()
    }

    /// The rack that plays.
    pub fn rack(&self) -> &Rack {
        &self.rack
    }

    fn controls(&mut self) -> Controls {
        let mut controls = self.dials.params().controls(&mut self.known);
        let Surroundings { channels, calibrated, full_scale_dbu, .. } = self.surroundings;
        controls.input = InputControls { channels, calibrated, full_scale_dbu, ..controls.input };
        controls.output.match_db = self.match_db;
        controls
    }
}

/// Recordings are rendered by the very rack that plays in hosts.
impl Processor for Studio {
    fn kind(&self) -> &'static str {
        "rack"
    }

    fn prepare(&mut self, format: Format, _: Purpose) -> Result<(), ProcessorError> {
        let Format { sample_rate_hz, max_block_samples, channels } = format;
        Studio::prepare(
            self,
            RackFormat { sample_rate_hz, max_block_samples, channels_in: channels, channels_out: channels },
        )
    }

    fn process(&mut self, channels: &mut [&mut [f32]]) {
        self.play(channels);
    }

    fn reset(&mut self) {
        self.rack.reset();
        let controls = self.controls();
        self.rack.foresee(&controls.eq);
    }

    fn latency_samples(&self) -> usize {
        self.rack.latency_samples()
    }

    fn tail_samples(&self) -> usize {
        self.rack.tail_samples().saturating_sub(self.rack.latency_samples())
    }
}
