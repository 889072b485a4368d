//! Pages of eight for controllers with eight knobs. Every parameter is on one.

use crate::params::TonewrightParams;
use nih_plug::prelude::*;

/// Lays the pages out, what is turned while playing first.
pub fn lay_out(params: &TonewrightParams, context: &mut impl RemoteControlsContext) {
    let TonewrightParams { input, output, tuner, gate, tone, cab, steps, eq, .. } = params;
    context.add_section("Rack", |section| {
        section.add_page("Play", |page| {
            page.add_param(&input.trim);
            page.add_param(&gate.threshold);
            page.add_param(&tone.bass);
            page.add_param(&tone.mid);
            page.add_param(&tone.treble);
            page.add_param(&tone.presence);
            page.add_param(&cab.blend);
            page.add_param(&output.gain);
        });
        section.add_page("Switches", |page| {
            page.add_param(&tuner.on);
            page.add_param(&gate.on);
            page.add_param(&params.amp_on);
            page.add_param(&tone.on);
            page.add_param(&cab.on);
            page.add_param(&eq.on);
            page.add_param(&tuner.mute);
            page.add_param(&params.bypass);
        });
        // In pairs, as two foot switches side by side are.
        section.add_page("Steps", |page| {
            page.add_param(&steps.previous_preset);
            page.add_param(&steps.next_preset);
            page.add_param(&steps.previous_model);
            page.add_param(&steps.next_model);
            page.add_param(&steps.previous_cab);
            page.add_param(&steps.next_cab);
        });
        section.add_page("Amp", |page| {
            page.add_param(&params.model);
            page.add_param(&params.quality);
            page.add_param(&params.oversampling);
            page.add_param(&params.align);
            page.add_param(&params.engine);
        });
        section.add_page("Amp knobs", |page| {
            params.knobs.all().into_iter().for_each(|knob| page.add_param(knob));
        });
        section.add_page("Cabinet", |page| {
            page.add_param(&cab.first);
            page.add_param(&cab.second);
            page.add_param(&cab.blend);
            page.add_param(&cab.low_cut);
            page.add_param(&cab.high_cut);
            page.add_spacer();
            page.add_spacer();
            page.add_param(&cab.on);
        });
        section.add_page("Gate", |page| {
            page.add_param(&gate.threshold);
            page.add_param(&gate.hysteresis);
            page.add_param(&gate.hold);
            page.add_param(&gate.release);
            page.add_param(&gate.after_amp);
            page.add_spacer();
            page.add_spacer();
            page.add_param(&gate.on);
        });
        section.add_page("Levels", |page| {
            page.add_param(&input.trim);
            page.add_param(&input.calibrated);
            page.add_param(&input.full_scale);
            page.add_param(&input.channels);
            page.add_param(&output.gain);
            page.add_param(&output.mode);
        });
    });
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
            page.add_param(&eq.listen);
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
