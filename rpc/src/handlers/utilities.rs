//! Addresses and plugins.
//!
//! Source: `RpcServer.Utilities.cs` of the reference node.

use neovm_crypto::script_hash_from_address;

use crate::{
    error::Answer,
    methods::Part,
    node::Node,
    output::{Object, list},
    params::Params,
};

pub(crate) fn plugins(_: &Node, _: &Params<'_>) -> Answer {
    let plugin = |part: Part| {
        let version = concat!(env!("CARGO_PKG_VERSION"), ".0");
        Object::new().text("name", part.name()).text("version", version).raw("interfaces", "[]").finish()
    };
    Ok(list(Part::ALL.into_iter().map(plugin)))
}

pub(crate) fn validate_address(node: &Node, params: &Params<'_>) -> Answer {
    let address = params.text(0)?;
    let is_valid = script_hash_from_address(&address, node.settings().address_version).is_ok();
    Ok(Object::new().text("address", &address).raw("isvalid", is_valid).finish())
}
