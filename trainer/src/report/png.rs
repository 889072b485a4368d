//! Pictures of one colour in 256 degrees of opacity, as PNG files (W3C, "Portable Network Graphics", third edition).

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use std::io::Write;

/// A picture of `columns` pixels a row, whose bytes are opacities, 0 to 255; a last row that is not full is left out.
pub fn shades(opacities: &[u8], columns: usize, colour: [u8; 3]) -> Vec<u8> {
    let rows = opacities.len() / columns.max(1);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend((columns as u32).to_be_bytes());
    header.extend((rows as u32).to_be_bytes());
    // Eight bits, a palette, and the only methods of compression, filtering and order there are.
    header.extend([8, 3, 0, 0, 0]);
    chunk(&mut file, b"IHDR", &header);
    chunk(&mut file, b"PLTE", &colour.repeat(256));
    chunk(&mut file, b"tRNS", &(0..=255).collect::<Vec<u8>>());
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    for row in opacities.chunks_exact(columns.max(1)) {
        // Each row begins with its filter: none. Memory takes everything that is written to it.
        let _ = packed.write_all(&[0]).and_then(|()| packed.write_all(row));
    }
    chunk(&mut file, b"IDAT", &packed.finish().unwrap_or_default());
    chunk(&mut file, b"IEND", &[]);
    file
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let mut crc = Crc::new();
    crc.update(kind);
    crc.update(data);
    file.extend((data.len() as u32).to_be_bytes());
    file.extend(kind);
    file.extend(data);
    file.extend(crc.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn the_picture_has_the_parts_a_reader_needs() {
        let file = shades(&[0, 128, 255, 7, 8, 9, 1], 3, [10, 20, 30]);
        assert_eq!(file[..8], *b"\x89PNG\r\n\x1a\n");
        let mut at = 8;
        let mut kinds = Vec::new();
        let mut pixels = Vec::new();
        while at < file.len() {
            let word = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap());
            let length = word(at) as usize;
            let (kind, data) = (&file[at + 4..at + 8], &file[at + 8..at + 8 + length]);
            let mut crc = Crc::new();
            crc.update(&file[at + 4..at + 8 + length]);
            assert_eq!(word(at + 8 + length), crc.sum());
            match kind {
                b"IHDR" => assert_eq!(data, [0, 0, 0, 3, 0, 0, 0, 2, 8, 3, 0, 0, 0]),
                b"IDAT" => {
                    flate2::read::ZlibDecoder::new(data).read_to_end(&mut pixels).unwrap();
                }
                _ => {}
            }
            kinds.push(String::from_utf8(kind.to_vec()).unwrap());
            at += 12 + length;
        }
        assert_eq!(kinds, ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"]);
        assert_eq!(pixels, [0, 0, 128, 255, 0, 7, 8, 9]);
        // The empty end of every PNG file, from the standard.
        assert_eq!(file[file.len() - 12..], *b"\0\0\0\0IEND\xae\x42\x60\x82");
    }
}
