//! Reading a file: which architecture it holds, and containers of several.

use super::super::validate::within;
use super::super::{Model, ModelError, Network, Size, Slimmable, WaveNet, limits};
use super::document::{Architecture, Document, Rate};
use super::node::Node;
use super::{convnet, json, linear, lstm, metadata, slim, wavenet};

/// Reads a model; see [`Model::from_nam`].
pub fn read(bytes: &[u8], name: &str) -> Result<Model, ModelError> {
    if bytes.is_empty() {
        return Err(ModelError::NotNam("the file is empty".into()));
    }
    within("size of the file in bytes", bytes.len(), 1, limits::FILE_BYTES as usize)?;
    let json = json::parse(bytes)?;
    let root = Node::root(&json);
    if !root.is_object() {
        return Err(ModelError::NotNam("it is JSON, but no object".into()));
    }
    let document = Document::read(&root)?;
    let mut rate = Rate::default();
    let network = network(&document, 0, &mut rate)?;
    Ok(Model { card: metadata::read(&document, rate.hz(), name)?, network })
}

/// The network of a document. `depth` is the number of containers around it.
fn network(document: &Document<'_>, depth: usize, rate: &mut Rate) -> Result<Network, ModelError> {
    rate.agree(document)?;
    match document.architecture {
        Architecture::WaveNet => slim::network(wavenet::read(document, 0, rate)?, depth == 0),
        Architecture::ConvNet => {
            let net = convnet::read(document)?;
            Ok(Network::WaveNet(WaveNet::new(net.spec, net.weights)?))
        }
        Architecture::Lstm => Ok(Network::Lstm(lstm::read(document)?)),
        Architecture::Linear => Ok(Network::Linear(linear::read(document)?)),
        Architecture::SlimmableContainer => container(document, depth, rate),
    }
}

/// Several models, each for a range of the quality. One that is slimmable itself is taken in full.
fn container(document: &Document<'_>, depth: usize, rate: &mut Rate) -> Result<Network, ModelError> {
    within("nesting of containers", depth, 0, limits::NESTING)?;
    document.config.only(&["submodels"])?;
    document.count_weights(0)?;
    let mut sizes = Vec::new();
    for node in document.config.required("submodels")?.list(limits::SIZES)? {
        let fields = node.fields()?;
        fields.only(&["max_value", "model"])?;
        let below = fields.required("max_value")?.number()?;
        let inner = Document::read(&fields.required("model")?)?;
        let own = metadata::loudness_dbfs(&inner);
        sizes.push(match network(&inner, depth + 1, rate)? {
            Network::Slimmable(slimmable) => {
                let full = slimmable.full_size();
                Size { below, network: full.network.clone(), loudness_dbfs: own.or(full.loudness_dbfs) }
            }
            network => Size { below, network, loudness_dbfs: own },
        });
    }
    let wrong = |e: ModelError| document.refuse("config.submodels", e.to_string());
    Ok(Network::Slimmable(Slimmable::new(sizes).map_err(wrong)?))
}
