//! Protobuf messages as they lie in the file, without decoding what is inside.

use super::entry;
use super::proto::{ModelProto, StringStringEntryProto};
use prost::Message;
use prost::bytes::Buf;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

/// Most nodes, tensors, names, numbers in lists and so on in a file. The largest network that
/// [`limits`](crate::model::limits) allow has about half of it.
const MAX_ITEMS: usize = 1 << 20;

/// Tag of `ModelProto.metadata_props`.
const METADATA: u32 = 14;

/// A kind of message: the tags of its fields that hold messages or lists, and what is in them.
struct Kind(&'static [(u32, Content)]);

enum Content {
    Message(&'static Kind),
    /// Packed numbers of at least one byte each.
    Packed,
}

use Content::{Message as Inner, Packed};

static MODEL: Kind = Kind(&[(7, Inner(&GRAPH))]);
static GRAPH: Kind =
    Kind(&[(1, Inner(&NODE)), (5, Inner(&TENSOR)), (11, Inner(&VALUE)), (12, Inner(&VALUE))]);
static NODE: Kind = Kind(&[(5, Inner(&ATTRIBUTE))]);
static ATTRIBUTE: Kind = Kind(&[(8, Packed)]);
static TENSOR: Kind = Kind(&[(1, Packed)]);
static VALUE: Kind = Kind(&[(2, Inner(&TYPE))]);
static TYPE: Kind = Kind(&[(1, Inner(&TENSOR_TYPE))]);
static TENSOR_TYPE: Kind = Kind(&[(2, Inner(&SHAPE))]);
static SHAPE: Kind = Kind(&[]);

/// Counts what decoding a file would have to make room for. Two bytes of a file can stand for an
/// empty message that takes a hundred in memory, so this comes before.
///
/// # Errors
/// The bytes are no protobuf, or hold more than a million items; the text says which.
pub fn check_items(bytes: &[u8]) -> Result<(), String> {
    let mut items = 0;
    count(bytes, &MODEL, &mut items)
}

fn count(mut bytes: &[u8], kind: &Kind, items: &mut usize) -> Result<(), String> {
    while bytes.has_remaining() {
        *items += 1;
        let (tag, wire_type) = decode_key(&mut bytes).map_err(|e| e.to_string())?;
        if wire_type == WireType::LengthDelimited {
            let length = decode_varint(&mut bytes).map_err(|e| e.to_string())?;
            let content = usize::try_from(length).ok().and_then(|n| bytes.get(..n));
            let content = content.ok_or_else(|| format!("field {tag} ends behind the end of the file"))?;
            match kind.0.iter().find(|(t, _)| *t == tag) {
                Some((_, Inner(kind))) => count(content, kind, items)?,
                Some((_, Packed)) => *items += content.len(),
                None => {}
            }
            bytes.advance(content.len());
        } else {
            skip_field(wire_type, tag, &mut bytes, DecodeContext::default()).map_err(|e| e.to_string())?;
        }
        if *items > MAX_ITEMS {
            return Err(format!("it holds more than {MAX_ITEMS} nodes, tensors and numbers"));
        }
    }
    Ok(())
}

/// The file with other metadata of the given names, and all else as it was.
pub fn with_metadata(onnx: &[u8], metadata: Vec<(String, String)>) -> Vec<u8> {
    let is_replaced = |field: &[u8]| {
        let mut content = field;
        let decoded = decode_key(&mut content).and_then(|_| decode_varint(&mut content));
        let entry = decoded.and_then(|_| StringStringEntryProto::decode(content));
        entry.is_ok_and(|e| metadata.iter().any(|(key, _)| e.key.as_ref() == Some(key)))
    };
    let mut out = Vec::with_capacity(onnx.len() + 1024);
    let mut rest = onnx;
    while rest.has_remaining() {
        let begin = rest;
        let key = decode_key(&mut rest);
        let skipped = key
            .and_then(|(tag, wire)| skip_field(wire, tag, &mut rest, DecodeContext::default()).map(|()| tag));
        let field = &begin[..begin.len() - rest.len()];
        match skipped {
            Ok(METADATA) if is_replaced(field) => {}
            Ok(_) => out.extend_from_slice(field),
            // Such a file is never accepted; should it come here, it stays as it is.
            Err(_) => return onnx.to_vec(),
        }
    }
    let added = metadata.into_iter().map(entry).collect();
    // Messages of one kind behind each other are one message.
    out.extend(ModelProto { metadata_props: added, ..ModelProto::default() }.encode_to_vec());
    out
}
