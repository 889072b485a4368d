//! Ways to spoil a file: blindly, as text, as JSON, and as the messages of an ONNX file.

use crate::check::Kind;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value};

/// Longest file that is made, in bytes: it is the reader that is tried, not the memory for its input.
const LONGEST: usize = 1 << 18;

/// What numbers go wrong at, as they are written in JSON.
const NUMBERS: [&str; 28] = [
    "0",
    "-0.0",
    "1",
    "-1",
    "2",
    "3",
    "0.5",
    "1.0",
    "1.5",
    "7",
    "16",
    "255",
    "1e-45",
    "1e-310",
    "1e38",
    "-1e39",
    "1e308",
    "1e999",
    "65536",
    "65537",
    "1048577",
    "2147483647",
    "2147483648",
    "4294967296",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
];

/// Words that mean something in a `.nam` file, and some that do not.
const WORDS: [&str; 30] = [
    "WaveNet",
    "LSTM",
    "ConvNet",
    "Linear",
    "SlimmableContainer",
    "Tanh",
    "ReLU",
    "LeakyReLU",
    "PReLU",
    "SiLU",
    "Hardtanh",
    "LeakyHardtanh",
    "Hardswish",
    "Softsign",
    "Sigmoid",
    "Fasttanh",
    "gated",
    "blended",
    "none",
    "slice_channels_uniform",
    "0.5.0",
    "0.5.4",
    "0.6.0",
    "0.7.0",
    "0.8.0",
    "99.1.0",
    "0.5",
    "",
    "\u{0}\n\u{7f}",
    "ä",
];

/// A file in the form that it is spoiled in.
enum Parsed {
    /// A `.nam` file.
    Json(Value),
    /// An ONNX file.
    Messages(Vec<Field>),
}

/// A file, and what it is made of.
pub struct Original {
    bytes: Vec<u8>,
    parsed: Parsed,
}

impl Original {
    /// Takes a valid file apart.
    pub fn new(kind: Kind, bytes: Vec<u8>) -> Self {
        let parsed = match kind {
            Kind::Nam => Parsed::Json(serde_json::from_slice(&bytes).unwrap()),
            Kind::Onnx => Parsed::Messages(fields(&bytes).unwrap()),
        };
        Self { bytes, parsed }
    }
}

/// A spoiled copy of `original`; `other` is what parts are taken from.
pub fn mutated(original: &Original, other: &Original, rng: &mut ChaCha8Rng) -> Vec<u8> {
    let times = 1 + usize::from(rng.random_bool(0.4)) + usize::from(rng.random_bool(0.2));
    let mut bytes = match (rng.random_range(0..10), &original.parsed) {
        (0..5, Parsed::Json(value)) => {
            let mut value = value.clone();
            (0..times).for_each(|_| spoil_json(&mut value, rng));
            value.to_string().into_bytes()
        }
        (0..5, Parsed::Messages(fields)) => {
            let mut fields = fields.clone();
            (0..times).for_each(|_| spoil_messages(&mut fields, rng));
            encoded(&fields)
        }
        (5..7, Parsed::Json(_)) => {
            let mut bytes = original.bytes.clone();
            (0..times).for_each(|_| spoil_text(&mut bytes, rng));
            bytes
        }
        _ => {
            let mut bytes = original.bytes.clone();
            (0..times).for_each(|_| spoil_bytes(&mut bytes, &other.bytes, rng));
            bytes
        }
    };
    bytes.truncate(LONGEST);
    bytes
}

fn pick<'a, T>(from: &'a [T], rng: &mut ChaCha8Rng) -> &'a T {
    &from[rng.random_range(0..from.len())]
}

/// A random part of `length` places, often a short one.
fn part(length: usize, rng: &mut ChaCha8Rng) -> std::ops::Range<usize> {
    let from = rng.random_range(0..=length);
    let most = if rng.random_bool(0.7) { 64.min(length - from) } else { length - from };
    from..from + rng.random_range(0..=most)
}

/// Changes bytes that mean nothing.
fn spoil_bytes(bytes: &mut Vec<u8>, other: &[u8], rng: &mut ChaCha8Rng) {
    if bytes.is_empty() {
        return bytes.extend(other);
    }
    let at = rng.random_range(0..bytes.len());
    match rng.random_range(0..11) {
        0 | 1 => (0..rng.random_range(1..=8)).for_each(|_| {
            let at = rng.random_range(0..bytes.len());
            bytes[at] ^= 1 << rng.random_range(0..8);
        }),
        2 => bytes[at] = *pick(&[0, 1, 0x7f, 0x80, 0xff, b'"', b'{', b'[', b'-', b'9'], rng),
        3 => {
            let number =
                pick(&[0, 1, u64::MAX, i64::MAX as u64, 1 << 31, 1 << 32, 0x7f80_0000, 0x7fc0_0000], rng);
            let number = number.to_le_bytes();
            let length = (bytes.len() - at).min(*pick(&[2, 4, 8], rng));
            bytes[at..at + length].copy_from_slice(&number[..length]);
        }
        4 | 5 => bytes.truncate(at),
        6 => drop(bytes.drain(part(bytes.len(), rng))),
        7 => {
            let chunk = bytes[part(bytes.len(), rng)].to_vec();
            bytes.splice(at..at, chunk);
        }
        8 => {
            let (a, b) = (part(bytes.len(), rng), part(bytes.len(), rng));
            let length = a.len().min(b.len());
            (0..length).for_each(|i| bytes.swap(a.start + i, b.start + i));
        }
        9 => {
            let end = part(other.len(), rng).start;
            bytes.truncate(at);
            bytes.extend(&other[end..]);
        }
        _ => {
            let value = *pick(&[0, 0xff, b'[', b' ', b'1'], rng);
            let range = part(bytes.len(), rng);
            bytes[range].fill(value);
        }
    }
}

/// Changes tokens of a text.
fn spoil_text(bytes: &mut Vec<u8>, rng: &mut ChaCha8Rng) {
    let is_number = |b: &u8| b.is_ascii_digit() || b"+-.eE".contains(b);
    let places = |bytes: &[u8], of: &dyn Fn(&u8) -> bool| -> Vec<usize> {
        (0..bytes.len()).filter(|&i| of(&bytes[i]) && (i == 0 || !of(&bytes[i - 1]))).collect()
    };
    match rng.random_range(0..4) {
        0 | 1 => {
            let starts = places(bytes, &is_number);
            if starts.is_empty() {
                return;
            }
            let from = *pick(&starts, rng);
            let length = bytes[from..].iter().take_while(|b| is_number(b)).count();
            let text = match rng.random_range(0..8) {
                0 => "NaN",
                1 => "Infinity",
                2 => "null",
                _ => pick(&NUMBERS, rng),
            };
            bytes.splice(from..from + length, text.bytes());
        }
        2 => {
            let brackets = places(bytes, &|b| b"{}[]:,\"".contains(b));
            if !brackets.is_empty() {
                let at = *pick(&brackets, rng);
                let new = pick(&["", "{", "}", "[", "]", ",", ":", "\"", "[[", "}}", ",,"], rng);
                bytes.splice(at..at + 1, new.bytes());
            }
        }
        _ => {
            // Depth that would overrun a stack.
            let (open, close) = *pick(&[("[", "]"), ("{\"a\":", "}"), ("{\"config\":", "}")], rng);
            let depth = *pick(&[100, 127, 128, 10_000], rng);
            let text = format!("{}{}{}", open.repeat(depth), "1", close.repeat(depth));
            let starts = places(bytes, &is_number);
            if !starts.is_empty() {
                let at = *pick(&starts, rng);
                bytes.splice(at..at, text.bytes());
            }
        }
    }
}

/// Any value.
fn value(rng: &mut ChaCha8Rng) -> Value {
    match rng.random_range(0..12) {
        0 => Value::Null,
        1 => rng.random_bool(0.5).into(),
        2 => Value::Array(vec![]),
        3 => Value::Object(Map::new()),
        4 | 5 => (*pick(&WORDS, rng)).into(),
        6 => vec![number(rng); rng.random_range(1..100)].into(),
        _ => number(rng),
    }
}

/// A number that JSON can hold.
fn number(rng: &mut ChaCha8Rng) -> Value {
    serde_json::from_str(pick::<&str>(&NUMBERS, rng)).unwrap_or(Value::Null)
}

/// Changes one thing in a JSON value, at any depth.
fn spoil_json(json: &mut Value, rng: &mut ChaCha8Rng) {
    let deeper = rng.random_bool(0.85);
    match json {
        Value::Object(map) if deeper && !map.is_empty() => {
            let at = rng.random_range(0..map.len());
            if let Some(inner) = map.values_mut().nth(at) {
                spoil_json(inner, rng);
            }
        }
        Value::Array(list) if deeper && !list.is_empty() => {
            let at = rng.random_range(0..list.len());
            spoil_json(&mut list[at], rng);
        }
        Value::Object(map) if !map.is_empty() => spoil_object(map, rng),
        Value::Array(list) if !list.is_empty() => spoil_list(list, rng),
        Value::Number(old) if rng.random_bool(0.5) => {
            let old = old.as_f64().unwrap_or(0.0);
            let new = match rng.random_range(0..6) {
                0 => old + 1.0,
                1 => old - 1.0,
                2 => -old,
                3 => old * 1000.0,
                4 => old * 0.5,
                _ => old * 2.0,
            };
            // Sizes are integers, and stay such.
            *json = if new.fract() == 0.0 && new.abs() < 1e15 { (new as i64).into() } else { new.into() };
        }
        Value::Bool(old) => *json = (!*old).into(),
        _ => *json = value(rng),
    }
}

fn spoil_object(map: &mut Map<String, Value>, rng: &mut ChaCha8Rng) {
    let keys: Vec<String> = map.keys().cloned().collect();
    let (a, b) = (pick(&keys, rng), pick(&keys, rng));
    match rng.random_range(0..6) {
        0 | 1 => drop(map.remove(a)),
        2 => drop(map.insert(format!("{a}x"), value(rng))),
        3 => {
            let copied = map[a].clone();
            map.insert(b.clone(), copied);
        }
        4 => {
            // One deeper than it was.
            let inner = Value::Object(std::mem::take(map));
            map.insert(a.clone(), inner);
        }
        _ => drop(map.insert(a.clone(), value(rng))),
    }
}

fn spoil_list(list: &mut Vec<Value>, rng: &mut ChaCha8Rng) {
    let (a, b) = (rng.random_range(0..list.len()), rng.random_range(0..list.len()));
    match rng.random_range(0..7) {
        0 => drop(list.remove(a)),
        1 => list.insert(a, list[b].clone()),
        2 => list.swap(a, b),
        3 => list.truncate(a),
        4 => {
            let times = *pick(&[2, 3, 130, 1000], rng);
            let whole = list.clone();
            list.extend(whole.into_iter().cycle().take((times * list.len()).min(5000)));
        }
        5 => list.resize(list.len() + rng.random_range(1..20), number(rng)),
        _ => list[a] = value(rng),
    }
}

/// One field of a protobuf message.
#[derive(Clone)]
struct Field {
    /// Its number.
    tag: u64,
    content: Content,
}

#[derive(Clone)]
enum Content {
    Varint(u64),
    Eight([u8; 8]),
    Four([u8; 4]),
    Bytes(Vec<u8>),
    Message(Vec<Field>),
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// The fields of a message, if the bytes look like one.
fn fields(mut bytes: &[u8]) -> Option<Vec<Field>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = varint(&mut bytes)?;
        let tag = key >> 3;
        if !(1..=200).contains(&tag) {
            return None;
        }
        let content = match key & 7 {
            0 => Content::Varint(varint(&mut bytes)?),
            1 => Content::Eight(*bytes.split_off(..8)?.first_chunk()?),
            5 => Content::Four(*bytes.split_off(..4)?.first_chunk()?),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let inner = bytes.split_off(..length)?;
                // Numbers and names of few bytes often look like messages by chance.
                match self::fields(inner) {
                    Some(inner) if !inner.is_empty() => Content::Message(inner),
                    _ => Content::Bytes(inner.to_vec()),
                }
            }
            _ => return None,
        };
        fields.push(Field { tag, content });
    }
    Some(fields)
}

fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The bytes of a message.
fn encoded(fields: &[Field]) -> Vec<u8> {
    let mut out = Vec::new();
    for Field { tag, content } in fields {
        let mut key = |wire: u64| put_varint(tag << 3 | wire, &mut out);
        match content {
            Content::Varint(value) => {
                key(0);
                put_varint(*value, &mut out);
            }
            Content::Eight(bytes) => {
                key(1);
                out.extend(bytes);
            }
            Content::Four(bytes) => {
                key(5);
                out.extend(bytes);
            }
            Content::Bytes(bytes) => {
                key(2);
                put_varint(bytes.len() as u64, &mut out);
                out.extend(bytes);
            }
            Content::Message(inner) => {
                key(2);
                let inner = encoded(inner);
                put_varint(inner.len() as u64, &mut out);
                out.extend(inner);
            }
        }
    }
    out
}

/// Changes one thing in a message, at any depth; all lengths around it stay right.
fn spoil_messages(fields: &mut Vec<Field>, rng: &mut ChaCha8Rng) {
    if fields.is_empty() {
        return;
    }
    let (a, b) = (rng.random_range(0..fields.len()), rng.random_range(0..fields.len()));
    if let Content::Message(inner) = &mut fields[a].content
        && rng.random_bool(0.8)
    {
        return spoil_messages(inner, rng);
    }
    match rng.random_range(0..8) {
        0 => drop(fields.remove(a)),
        1 => fields.insert(a, fields[b].clone()),
        2 => fields.swap(a, b),
        3 => fields[a].tag = rng.random_range(1..30),
        _ => spoil_content(&mut fields[a].content, rng),
    }
}

fn spoil_content(content: &mut Content, rng: &mut ChaCha8Rng) {
    match content {
        Content::Varint(value) => {
            let near = value.wrapping_add(rng.random_range(0..5)).wrapping_sub(2);
            *value = *pick(&[near, 0, 1, 7, 1 << 16, 1 << 31, 1 << 40, i64::MAX as u64, u64::MAX], rng);
        }
        Content::Eight(bytes) => bytes.fill(*pick(&[0, 0x7f, 0xff], rng)),
        Content::Four(bytes) => {
            *bytes = pick(&[f32::NAN, f32::INFINITY, 1e38, -0.0, 1e-45], rng).to_le_bytes()
        }
        Content::Bytes(bytes) if bytes.first() == Some(&b'{') => {
            if let Ok(mut json) = serde_json::from_slice(bytes) {
                spoil_json(&mut json, rng);
                *bytes = json.to_string().into_bytes();
            }
        }
        Content::Bytes(bytes) => match rng.random_range(0..4) {
            0 => bytes.extend(vec![*pick(&[0, 0x7f, b'0'], rng); *pick(&[1, 4, 5000], rng)]),
            1 if bytes.iter().all(u8::is_ascii_graphic) => *bytes = pick(&NUMBERS, rng).as_bytes().to_vec(),
            _ => {
                let own = bytes.clone();
                spoil_bytes(bytes, &own, rng);
            }
        },
        Content::Message(inner) => *content = Content::Bytes(encoded(inner)),
    }
}
