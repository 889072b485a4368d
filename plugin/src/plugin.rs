//! The glue between the amp and the plugin framework.

use crate::amp::{Controls, Desk, Format, Link, Loader, Patience, Rig, Telemetry};
use crate::editor::{self, TonewrightEditor};
use crate::factory::DEFAULT_SLOT;
use crate::params::{Known, ListenParam, TonewrightParams};
use nih_plug::prelude::*;
use nih_plug_egui::RepaintNotifier;
use shared::word_eq::Mode;
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Longer blocks are run in parts; hosts that render offline ask for very long ones.
const MAX_PART_SAMPLES: usize = 4096;

/// Longest wait for a model where waiting is allowed.
const LOAD_LIMIT: Duration = Duration::from_secs(30);

/// The plugin.
pub struct Tonewright {
    params: Arc<TonewrightParams>,
    desk: Arc<Desk>,
    loader: Loader,
    rig: Rig,
    telemetry: Arc<Telemetry>,
    notifier: RepaintNotifier,
    sample_rate_hz: f64,
    /// The host has no deadline: it renders.
    offline: bool,
    patience: Patience,
    /// What is known of the balances that the session keeps.
    known: Known,
    /// Who listens, as of the last activation.
    listening: ListenParam,
    /// The delay a restart was asked for.
    asked_latency_samples: Option<usize>,
    /// The listening a restart was asked for.
    asked_listening: ListenParam,
    /// The audio path panicked; it is silent until the next activation.
    broken: bool,
}

impl Default for Tonewright {
    fn default() -> Self {
        let desk = Arc::new(Desk::new(DEFAULT_SLOT));
        let link = Arc::new(Link::default());
        let telemetry = Arc::new(Telemetry::default());
        Self {
            params: Arc::new(TonewrightParams::new(&desk)),
            loader: Loader::start(desk.clone(), link.clone()),
            rig: Rig::new(link, telemetry.clone()),
            desk,
            telemetry,
            notifier: RepaintNotifier::new(),
            sample_rate_hz: 0.0,
            offline: false,
            patience: Patience::new(LOAD_LIMIT),
            known: Known::default(),
            listening: ListenParam::Thread,
            asked_listening: ListenParam::Thread,
            asked_latency_samples: None,
            broken: false,
        }
    }
}

const fn layout(channels: u32) -> AudioIOLayout {
    AudioIOLayout {
        main_input_channels: NonZeroU32::new(channels),
        main_output_channels: NonZeroU32::new(channels),
        ..AudioIOLayout::const_default()
    }
}

impl Plugin for Tonewright {
    const NAME: &'static str = "Tonewright";
    const VENDOR: &'static str = "Tonewright";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");

    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[layout(2), layout(1)];

    type Editor = TonewrightEditor;
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        self.params.clone()
    }

    fn editor(&mut self, _: AsyncExecutor<Self>) -> Option<Self::Editor> {
        editor::create(
            self.params.clone(),
            self.desk.clone(),
            self.loader.status(),
            self.telemetry.clone(),
            self.rig.eq_view(),
            self.notifier.clone(),
        )
    }

    fn activate(
        &mut self,
        layout: &AudioIOLayout,
        config: &BufferConfig,
        context: &mut impl ActivateContext<Self>,
    ) -> bool {
        let format = Format {
            sample_rate_hz: f64::from(config.sample_rate),
            max_block_samples: (config.max_buffer_size as usize).clamp(1, MAX_PART_SAMPLES),
            channels: layout.main_output_channels.map_or(0, NonZeroU32::get) as usize,
        };
        if let Err(error) = crate::amp::base_latency_samples(format.sample_rate_hz) {
            nice_error!("{error}");
            return false;
        }
        self.desk.set_format(format);
        // Hosts may process right after this, some of them offline: the first sample must sound
        // right already.
        self.patience.renew();
        if !self.patience.wait(&self.desk) {
            nice_error!("the model is still loading after {LOAD_LIMIT:?}");
        }
        self.offline = config.process_mode == ProcessMode::Offline;
        self.listening = self.params.eq.listen.value();
        self.asked_listening = self.listening;
        // Without a deadline there is time to listen in line, so that a bounce is repeatable.
        self.rig.listen(if self.offline { Mode::InLine } else { self.listening.into() });
        self.rig.prepare(format);
        // What is frozen sounds so from the first sample on.
        self.rig.foresee(&self.params.eq.controls(&mut self.known));
        self.sample_rate_hz = format.sample_rate_hz;
        self.asked_latency_samples = None;
        self.broken = false;
        context.set_latency_samples(self.rig.latency_samples() as u32);
        true
    }

    fn reset(&mut self) {
        self.rig.reset();
    }

    fn process(
        &mut self,
        buffer: &mut Buffer,
        _: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let begin = Instant::now();
        if self.offline {
            self.patience.wait(&self.desk);
        }
        let controls = Controls {
            input_gain: util::db_to_gain(self.params.input.value()),
            output_gain: util::db_to_gain(self.params.output.value()),
            bypass: self.params.bypass.value(),
            eq: self.params.eq.controls(&mut self.known),
        };
        // A panic must not reach the host: it would take the session down.
        let rig = &mut self.rig;
        let channels = buffer.as_slice();
        let played =
            !self.broken && catch_unwind(AssertUnwindSafe(|| rig.process(channels, controls))).is_ok();
        if !played {
            self.broken = true;
            channels.iter_mut().for_each(|c| c.fill(0.0));
            return ProcessStatus::Normal;
        }

        self.params.eq.keep_frozen(&controls.eq, &self.known, self.rig.eq_monitor());

        // A latency may only change while the host activates the plugin, and only then may a listener
        // be started or stopped.
        let changed = self.rig.changed_latency_samples();
        let other_delay = changed.is_some() && changed != self.asked_latency_samples;
        self.asked_latency_samples = changed;
        let listen = self.params.eq.listen.value();
        let other_listening = listen != self.listening && listen != self.asked_listening;
        self.asked_listening = listen;
        if other_delay || other_listening {
            context.request_restart();
        }

        let seconds = buffer.samples() as f64 / self.sample_rate_hz;
        if seconds > 0.0 {
            self.telemetry.block((begin.elapsed().as_secs_f64() / seconds) as f32);
        }
        ProcessStatus::Tail(self.rig.tail_samples() as u32)
    }
}

impl ClapPlugin for Tonewright {
    const CLAP_ID: &'static str = "dev.tonewright.tonewright";
    const CLAP_DESCRIPTION: Option<&'static str> = Some("Guitar amplifier with neural amps");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::AudioEffect,
        ClapFeature::Distortion,
        ClapFeature::Custom("tonewright:guitar"),
        ClapFeature::Stereo,
        ClapFeature::Mono,
    ];

    fn remote_controls(&self, context: &mut impl RemoteControlsContext) {
        context.add_section("Amp", |section| {
            section.add_page("Amp", |page| {
                page.add_param(&self.params.input);
                page.add_param(&self.params.output);
                page.add_param(&self.params.model);
                page.add_param(&self.params.engine);
                page.add_param(&self.params.quality);
            });
        });
        let eq = &self.params.eq;
        context.add_section("Equaliser", |section| {
            section.add_page("Word", |page| {
                page.add_param(&eq.word);
                page.add_param(&eq.amount);
                page.add_param(&eq.second_word);
                page.add_param(&eq.blend);
                page.add_param(&eq.speed);
                page.add_param(&eq.freeze);
                page.add_param(&eq.reference);
                page.add_param(&eq.level_match);
            });
            section.add_page("Gains", |page| {
                eq.bands().iter().for_each(|band| page.add_param(band.gain));
                page.add_spacer();
                page.add_spacer();
                page.add_param(&eq.on);
            });
            section.add_page("Frequencies", |page| {
                eq.bands().iter().for_each(|band| page.add_param(band.frequency));
                eq.bands().iter().filter_map(|band| band.q).for_each(|q| page.add_param(q));
            });
            section.add_page("Off", |page| eq.bands().iter().for_each(|band| page.add_param(band.off)));
            section.add_page("Solo", |page| eq.bands().iter().for_each(|band| page.add_param(band.solo)));
        });
    }
}

impl Vst3Plugin for Tonewright {
    const VST3_CLASS_ID: [u8; 16] = *b"TonewrightNeural";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Fx, Vst3SubCategory::Distortion, Vst3SubCategory::Stereo];
}

nice_export_clap!(Tonewright);
nice_export_vst3!(Tonewright);
