//! Blocks of a signal: one row a channel, one column a sample.

/// Samples a network runs at a time. Longer blocks are cut; the tile stays in the first cache.
pub const TILE: usize = 64;

/// A tile of `channels` rows, each [`TILE`] samples long.
#[derive(Clone, Debug)]
pub struct Rows {
    data: Vec<f32>,
}

impl Rows {
    /// Silent rows.
    pub fn new(channels: usize) -> Self {
        Self { data: vec![0.0; channels * TILE] }
    }

    /// Number of rows.
    pub fn channels(&self) -> usize {
        self.data.len() / TILE
    }

    /// One row.
    pub fn row(&self, channel: usize) -> &[f32] {
        &self.data[channel * TILE..][..TILE]
    }

    /// One row, to be written.
    pub fn row_mut(&mut self, channel: usize) -> &mut [f32] {
        &mut self.data[channel * TILE..][..TILE]
    }

    /// All rows, one after another.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// All rows, one after another, to be written.
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// Copies the first `columns` samples of as many rows as both have.
    pub fn copy_from(&mut self, other: &Rows, columns: usize) {
        for (a, b) in self.data.chunks_exact_mut(TILE).zip(other.data.chunks_exact(TILE)) {
            a[..columns].copy_from_slice(&b[..columns]);
        }
    }

    /// Adds the first `columns` samples of as many rows as both have.
    pub fn add(&mut self, other: &Rows, columns: usize) {
        for (a, b) in self.data.chunks_exact_mut(TILE).zip(other.data.chunks_exact(TILE)) {
            for (a, b) in a[..columns].iter_mut().zip(&b[..columns]) {
                *a += b;
            }
        }
    }
}

/// The past of a signal: a ring for each channel, its beginning repeated behind its end so that any
/// [`TILE`] samples are contiguous.
#[derive(Clone, Debug)]
pub struct Past {
    data: Vec<f32>,
    size: usize,
    stride: usize,
}

impl Past {
    /// Room for `history` samples before the current tile.
    pub fn new(channels: usize, history: usize) -> Self {
        let size = (history + TILE).next_power_of_two();
        // An odd number of 64 byte lines spreads the rows over all sets of the cache.
        let stride = size + TILE + 16;
        Self { data: vec![0.0; channels * stride], size, stride }
    }

    /// Writes the first `n` samples of `rows` at time `position`.
    pub fn push(&mut self, position: usize, rows: &Rows, n: usize) {
        let at = position & (self.size - 1);
        let first = n.min(self.size - at);
        for (channel, ring) in self.data.chunks_exact_mut(self.stride).enumerate() {
            let row = rows.row(channel);
            ring[at..at + first].copy_from_slice(&row[..first]);
            ring[..n - first].copy_from_slice(&row[first..n]);
            if at < TILE {
                let mirrored = first.min(TILE - at);
                ring.copy_within(at..at + mirrored, self.size + at);
            }
            if n > first {
                ring.copy_within(..n - first, self.size);
            }
        }
    }

    /// Where the [`TILE`] samples from time `position - delay` on begin, in each channel's ring.
    pub fn offset(&self, position: usize, delay: usize) -> usize {
        position.wrapping_sub(delay) & (self.size - 1)
    }

    /// [`TILE`] samples of one channel.
    pub fn tile(&self, channel: usize, offset: usize) -> &[f32] {
        &self.data[channel * self.stride + offset..][..TILE]
    }

    /// All rings, one after another, [`Past::stride`] apart.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// Distance between the rings of two channels.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Forgets everything and takes over what `other`, of the same shape, remembers.
    pub fn copy_from(&mut self, other: &Self) {
        self.data.copy_from_slice(&other.data);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_past_remembers_across_its_end_for_any_block_sizes() {
        let history = 150;
        let mut past = Past::new(2, history);
        let mut rows = Rows::new(2);
        let (mut position, mut n) = (0usize, 1usize);
        while position < 5_000 {
            for i in 0..n {
                rows.row_mut(0)[i] = (position + i) as f32;
                rows.row_mut(1)[i] = -((position + i) as f32);
            }
            past.push(position, &rows, n);
            for delay in [0, 1, 63, 64, 149, 150] {
                if position >= delay {
                    let tile = past.offset(position, delay);
                    for i in 0..n.min(delay + n) {
                        let want = (position - delay + i) as f32;
                        assert_eq!(past.tile(0, tile)[i], want, "at {position}, delay {delay}");
                        assert_eq!(past.tile(1, tile)[i], -want);
                    }
                }
            }
            position += n;
            n = 1 + (n * 7 + 3) % TILE;
        }
    }
}
