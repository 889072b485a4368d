//! Whether a description is possible: every size against its limit and against the others.

use super::{
    Activation, Gating, HeadSource, LayerArray, ModelError, PostHead, Residual, WaveNetSpec, limits,
};

/// Values that an engine's history takes on top of the history itself, for each channel: a tile of
/// the present, and its mirror.
const HISTORY_MARGIN: usize = 256;

/// Values that a row of a signal takes at least: a tile of the present, and what keeps rows apart.
const ROW_VALUES: usize = 80;

/// What a row of a tensor costs an engine for each sample beside its multiplications, as so many of
/// them: a network of many narrow or grouped layers takes its time as well.
const ROW_COST: usize = 16;

/// Checks one size against its limits.
pub(super) fn within(
    what: impl Into<String>,
    found: usize,
    min: usize,
    max: usize,
) -> Result<(), ModelError> {
    if (min..=max).contains(&found) {
        return Ok(());
    }
    let what = what.into();
    Err(ModelError::Limit { what, found: found as u64, min: min as u64, max: max as u64 })
}

/// Checks what settling a network takes before it is heard.
pub(super) fn check_settling(samples: usize, operations: usize) -> Result<(), ModelError> {
    let max = limits::SETTLING;
    if operations > max { Err(ModelError::Settling { samples, operations, max }) } else { Ok(()) }
}

fn divides(what: &str, groups: usize, channels: &[usize]) -> Result<(), ModelError> {
    match channels.iter().find(|&&c| groups == 0 || c % groups != 0) {
        None => Ok(()),
        Some(c) => {
            Err(ModelError::Architecture(format!("{what}: {groups} groups do not divide {c} channels")))
        }
    }
}

impl WaveNetSpec {
    /// Checks every size against [`limits`] and every size against the others.
    ///
    /// # Errors
    /// What does not fit, where, at which value.
    pub fn validate(&self) -> Result<(), ModelError> {
        self.validate_at(0)?;
        within("number of output channels", self.output_channels(), 1, 1)
    }

    /// Checks a network that may have several outputs, being the condition of `depth` others.
    pub(super) fn validate_at(&self, depth: usize) -> Result<(), ModelError> {
        within("nesting of condition networks", depth, 0, limits::NESTING)?;
        within("number of layer arrays", self.arrays.len(), 1, limits::ARRAYS)?;
        if !self.head_scale.is_finite() {
            let value = self.head_scale;
            return Err(ModelError::NotFinite { tensor: "head_scale".into(), value });
        }
        if let Some(condition) = &self.condition {
            condition.validate_at(depth + 1)?;
            if !condition.causal {
                return Err(ModelError::Architecture("a condition network must be causal".into()));
            }
        }
        let mut previous: Option<&LayerArray> = None;
        for (i, array) in self.arrays.iter().enumerate() {
            array.validate(i, self.condition_channels())?;
            if array.head.source == HeadSource::Hidden && array.head1x1.is_some() {
                return Err(ModelError::Architecture(format!(
                    "array {i} has a 1x1 before its head, but the head reads the hidden signal"
                )));
            }
            if array.head.source == HeadSource::Hidden && self.arrays.len() > 1 {
                return Err(ModelError::Architecture(format!(
                    "array {i} of {} reads its hidden signal; only a single array may",
                    self.arrays.len()
                )));
            }
            if let Some(previous) = previous
                && array.head.source == HeadSource::SkipSum
                && previous.head.channels != array.head_input_channels()
            {
                return Err(ModelError::Architecture(format!(
                    "array {i} sums {} head channels, array {} gives {}",
                    array.head_input_channels(),
                    i - 1,
                    previous.head.channels
                )));
            }
            previous = Some(array);
        }
        if let (Some(post), Some(array)) = (&self.post_head, self.arrays.last()) {
            post.validate(array.head.channels)?;
        }
        if !self.causal {
            self.validate_centred()?;
        }
        within("receptive field in samples", self.receptive_field_samples(), 1, limits::RECEPTIVE_FIELD)?;
        within("number of values of all its signals", self.signal_values(), 0, limits::HISTORY)?;
        let tensors = self.tensors();
        let weights = tensors.last().map_or(0, |t| t.range().end);
        within("number of weights", weights, 1, limits::WEIGHTS)?;
        let rows: usize = tensors.iter().map(|t| t.shape[0]).sum();
        within("number of rows of all tensors", rows, 1, limits::ROWS)?;
        let settling = (weights + ROW_COST * rows).saturating_mul(self.receptive_field_samples());
        check_settling(self.receptive_field_samples(), settling)
    }

    /// Centred kernels need odd lengths, and every branch must be delayed alike; only the seed
    /// network's single path keeps that promise.
    fn validate_centred(&self) -> Result<(), ModelError> {
        let plain = self.arrays.len() == 1
            && self.condition.is_none()
            && self.post_head.is_none()
            && self.arrays.iter().all(|a| {
                a.head.source == HeadSource::Hidden
                    && a.head.kernel_size == 1
                    && a.mixin_groups.is_none()
                    && a.films.is_empty()
            });
        if !plain {
            return Err(ModelError::Architecture(
                "only a network of one array whose head reads the hidden signal, without mixin, can be non-causal".into(),
            ));
        }
        match self.arrays[0].layers.iter().position(|l| l.kernel_size % 2 == 0) {
            None => Ok(()),
            Some(i) => Err(ModelError::Architecture(format!(
                "layer {i} of a non-causal network has {} taps; centred kernels need an odd number",
                self.arrays[0].layers[i].kernel_size
            ))),
        }
    }

    /// Values of all signals that an engine keeps, past and present.
    fn signal_values(&self) -> usize {
        let mut total = 0usize;
        let mut add = |channels: usize, kernel_size: usize, dilation: usize| {
            let history = (kernel_size - 1) * dilation;
            let row = if history > 0 { history + HISTORY_MARGIN } else { ROW_VALUES };
            total = total.saturating_add(channels * row);
        };
        for array in &self.arrays {
            for layer in &array.layers {
                add(array.channels, layer.kernel_size, layer.dilation);
                if array.films.conv_pre.is_some() {
                    add(array.channels, 1, 1);
                }
            }
            add(array.head_input_channels(), array.head.kernel_size, array.head.dilation);
            add(array.head.channels, 1, 1);
            // What the layers of an array share, six times as wide as its widest signal at most.
            let widths = [2 * array.bottleneck, self.condition_channels(), array.head_input_channels()];
            add(6 * widths.into_iter().fold(array.channels, usize::max), 1, 1);
        }
        if let (Some(post), Some(array)) = (&self.post_head, self.arrays.last()) {
            for (i, &kernel_size) in post.kernel_sizes.iter().enumerate() {
                add(if i == 0 { array.head.channels } else { post.channels }, kernel_size, 1);
                add(post.channels, 1, 1);
            }
        }
        total.saturating_add(self.condition.as_ref().map_or(0, |c| c.signal_values()))
    }
}

impl LayerArray {
    fn validate(&self, index: usize, condition_channels: usize) -> Result<(), ModelError> {
        let at = |what: &str| format!("{what} of array {index}");
        within(at("channels"), self.channels, 1, limits::CHANNELS)?;
        within(at("bottleneck"), self.bottleneck, 1, limits::CHANNELS)?;
        within(at("number of layers"), self.layers.len(), 1, limits::LAYERS)?;
        within(at("head channels"), self.head.channels, 1, limits::CHANNELS)?;
        within(at("head kernel size"), self.head.kernel_size, 1, limits::KERNEL_SIZE)?;
        within(at("head dilation"), self.head.dilation, 1, limits::DILATION)?;
        if self.layer1x1_groups.is_none()
            && self.residual != Residual::Keep
            && self.bottleneck != self.channels
        {
            return Err(ModelError::Architecture(format!(
                "array {index} adds {} rows of activations to {} channels; a bottleneck needs a layer 1x1",
                self.bottleneck, self.channels
            )));
        }
        for (i, layer) in self.layers.iter().enumerate() {
            let at = |what: &str| format!("{what} of layer {i} of array {index}");
            within(at("kernel size"), layer.kernel_size, 1, limits::KERNEL_SIZE)?;
            within(at("dilation"), layer.dilation, 1, limits::DILATION)?;
            let rows = self.bottleneck * layer.gating.factor();
            divides(&at("convolution"), self.conv_groups, &[self.channels, rows])?;
            if let Some(groups) = self.mixin_groups {
                divides(&at("mixin"), groups, &[condition_channels, rows])?;
            }
            validate_activation(&layer.activation, self.bottleneck, &at("activation"))?;
            if let Gating::Gated { gate: second } | Gating::Blended { blend: second } = &layer.gating {
                validate_activation(second, self.bottleneck, &at("gating activation"))?;
            }
            let rows = self.film_rows(layer.gating.factor(), condition_channels);
            for (film, rows) in self.films.all().into_iter().zip(rows) {
                if let Some(film) = film {
                    let rows = if film.shift { 2 * rows } else { rows };
                    divides(&at("modulation"), film.groups, &[condition_channels, rows])?;
                }
            }
        }
        if let Some(groups) = self.layer1x1_groups {
            divides(&at("1x1"), groups, &[self.bottleneck, self.channels])?;
        }
        if let Some(head) = self.head1x1 {
            within(at("head 1x1 channels"), head.channels, 1, limits::CHANNELS)?;
            divides(&at("head 1x1"), head.groups, &[self.bottleneck, head.channels])?;
        }
        if self.films.mixin_pre.or(self.films.mixin_post).is_some() && self.mixin_groups.is_none() {
            return Err(ModelError::Architecture(format!(
                "array {index} modulates a mixin it does not have"
            )));
        }
        if self.films.layer1x1_post.is_some() && self.layer1x1_groups.is_none()
            || self.films.head1x1_post.is_some() && self.head1x1.is_none()
        {
            return Err(ModelError::Architecture(format!("array {index} modulates a 1x1 it does not have")));
        }
        Ok(())
    }
}

fn validate_activation(activation: &Activation, channels: usize, at: &str) -> Result<(), ModelError> {
    if let Some(value) = activation.parameters().into_iter().find(|p| !p.is_finite()) {
        return Err(ModelError::NotFinite { tensor: at.to_owned(), value });
    }
    match activation {
        Activation::Prelu { negative_slopes } if ![1, channels].contains(&negative_slopes.len()) => {
            let n = negative_slopes.len();
            Err(ModelError::Architecture(format!("{at}: {n} slopes for {channels} channels")))
        }
        Activation::LeakyHardtanh { min, max, .. } if min > max => {
            Err(ModelError::Architecture(format!("{at}: min {min} above max {max}")))
        }
        _ => Ok(()),
    }
}

impl PostHead {
    fn validate(&self, in_channels: usize) -> Result<(), ModelError> {
        within("head convolutions", self.kernel_sizes.len(), 1, limits::LAYERS)?;
        within("head channels", self.channels, 1, limits::CHANNELS)?;
        within("head output channels", self.out_channels, 1, limits::CHANNELS)?;
        for (i, &kernel_size) in self.kernel_sizes.iter().enumerate() {
            within(format!("kernel size of head convolution {i}"), kernel_size, 1, limits::KERNEL_SIZE)?;
            let rows = if i == 0 { in_channels } else { self.channels };
            validate_activation(&self.activation, rows, "head activation")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::LstmSpec;

    #[test]
    fn many_narrow_layers_take_their_time_as_well() {
        // Few weights times a long memory: what takes the time is going from layer to layer.
        let wavenet =
            |layers| WaveNetSpec::nam_a1(1, 1, &[vec![1000; layers], vec![1000; layers]]).validate();
        assert!(wavenet(60).is_ok());
        assert!(wavenet(120).unwrap_err().to_string().contains("settling"));
        let lstm =
            |layers| LstmSpec { layers, hidden: 1, warm_up_samples: limits::RECEPTIVE_FIELD }.validate();
        assert!(lstm(8).is_ok());
        assert!(lstm(32).unwrap_err().to_string().contains("settling"));
    }

    #[test]
    fn what_players_have_is_far_from_the_limit() {
        for spec in [WaveNetSpec::nam_standard(), WaveNetSpec::nam_a2(8), WaveNetSpec::nam_a2(32)] {
            spec.validate().unwrap();
        }
        LstmSpec { layers: 4, hidden: 40, warm_up_samples: 96_000 }.validate().unwrap();
    }
}
