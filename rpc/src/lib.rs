//! Neo's JSON-RPC 2.0, as the reference node and its plugins answer it, over a chain that is
//! followed.
//!
//! - [`METHODS`] is the table of the methods. What a call is answered, what docs/rpc.md says and
//!   what `neovm rpc` lists derive from it.
//! - [`Node`] is a chain with the pool beside it, the logs and the transfers of its blocks.
//! - [`answer`] answers a request, without a network; [`Server`] does it for clients that connect
//!   by HTTP.
//!
//! Sources: the plugins RpcServer, ApplicationLogs, TokensTracker and StateService of the
//! reference node. docs/rpc.md says where this differs from them.
#![forbid(unsafe_code)]

mod arguments;
mod call;
mod error;
mod handlers;
mod methods;
mod node;
mod output;
mod paced;
mod params;
mod request;
mod server;
mod session;
mod signers;
mod token_index;

pub use self::{
    error::{Answer, ErrorKind, RpcError},
    methods::{Handler, METHODS, Method, Parameter, Part, reference},
    node::{Limits, Mining, Node, NodeError},
    params::Params,
    request::{Request, answer},
    server::{Server, ServerLimits},
};
