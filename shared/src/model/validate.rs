//! Whether a description is possible: every size against its limit and against the others.

use super::{Activation, Gating, HeadSource, LayerArray, ModelError, PostHead, WaveNetSpec, limits};

/// Values that an engine's history takes on top of the history itself, for each channel: a tile of
/// the present, and its mirror.
const HISTORY_MARGIN: usize = 256;

/// Checks one size against its limits.
fn within(what: impl Into<String>, found: usize, min: usize, max: usize) -> Result<(), ModelError> {
    if (min..=max).contains(&found) {
        return Ok(());
    }
    let what = what.into();
    Err(ModelError::Limit { what, found: found as u64, min: min as u64, max: max as u64 })
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

    fn validate_at(&self, depth: usize) -> Result<(), ModelError> {
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
        within("number of values of history", self.history_values(), 0, limits::HISTORY)?;
        within("number of weights", self.weight_count(), 1, limits::WEIGHTS)?;
        let settling = self.weight_count().saturating_mul(self.receptive_field_samples());
        within("weights times receptive field", settling, 1, limits::SETTLING)
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

    /// Values of history that streaming the network keeps.
    fn history_values(&self) -> usize {
        let mut total = 0usize;
        let mut add = |channels: usize, kernel_size: usize, dilation: usize| {
            let history = (kernel_size - 1) * dilation;
            if history > 0 {
                total = total.saturating_add(channels * (history + HISTORY_MARGIN));
            }
        };
        for array in &self.arrays {
            for layer in &array.layers {
                add(array.channels, layer.kernel_size, layer.dilation);
            }
            add(array.head_input_channels(), array.head.kernel_size, array.head.dilation);
        }
        if let (Some(post), Some(array)) = (&self.post_head, self.arrays.last()) {
            for (i, &kernel_size) in post.kernel_sizes.iter().enumerate() {
                add(if i == 0 { array.head.channels } else { post.channels }, kernel_size, 1);
            }
        }
        total.saturating_add(self.condition.as_ref().map_or(0, |c| c.history_values()))
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
        if self.layer1x1_groups.is_none() && self.residual && self.bottleneck != self.channels {
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
