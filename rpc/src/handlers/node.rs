//! The node and its network.
//!
//! Source: `RpcServer.Node.cs` of the reference node.

use neovm_types::{Hardfork, PublicKey};

use crate::{
    error::Answer,
    node::Node,
    output::{Object, list, text},
    params::Params,
};

pub(crate) fn connection_count(_: &Node, _: &Params<'_>) -> Answer {
    Ok("0".into())
}

pub(crate) fn peers(_: &Node, _: &Params<'_>) -> Answer {
    Ok(Object::new().raw("unconnected", "[]").raw("bad", "[]").raw("connected", "[]").finish())
}

pub(crate) fn version(node: &Node, _: &Params<'_>) -> Answer {
    let rpc = Object::new()
        .raw("maxiteratorresultitems", node.limits.iterator_entries)
        .raw("sessionenabled", node.limits.sessions > 0)
        .finish();
    Ok(Object::new()
        .raw("tcpport", 0)
        .raw("nonce", node.nonce)
        .text("useragent", concat!("/neovm:", env!("CARGO_PKG_VERSION"), "/"))
        .raw("rpc", rpc)
        .raw("protocol", protocol(node)?)
        .finish())
}

fn protocol(node: &Node) -> Answer {
    let settings = node.settings();
    let hardfork = |hardfork: Hardfork| {
        let height = settings.hardforks.height(hardfork)?;
        Some(Object::new().text("name", &hardfork.to_string()).raw("blockheight", height).finish())
    };
    let view = node.view();
    Ok(Object::new()
        .raw("addressversion", settings.address_version)
        .raw("network", settings.network)
        .raw("validatorscount", settings.validators_count)
        .raw("msperblock", view.milliseconds_per_block()?)
        .raw("maxtraceableblocks", view.max_traceable_blocks()?)
        .raw("maxvaliduntilblockincrement", view.max_valid_until_block_increment()?)
        .raw("maxtransactionsperblock", settings.max_transactions_per_block)
        .raw("memorypoolmaxtransactions", node.pool.capacity())
        .raw("initialgasdistribution", settings.initial_gas_distribution)
        .raw("hardforks", list(Hardfork::ALL.into_iter().skip(1).filter_map(hardfork)))
        .raw(
            "standbycommittee",
            list(settings.standby_committee.iter().map(PublicKey::to_string).map(|key| text(&key))),
        )
        .raw("seedlist", "[]")
        .finish())
}
