//! The methods: one table, from which everything else derives.

use std::fmt::Write;

use crate::{
    error::{Answer, ErrorKind},
    handlers::{blockchain, contracts, governance, invoke, logs, node, state, tokens, transactions, utilities},
    node::Node,
    params::Params,
};

/// A part of the reference node that has a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The plugin RpcServer.
    RpcServer,
    /// The plugin ApplicationLogs.
    ApplicationLogs,
    /// The plugin TokensTracker.
    TokensTracker,
    /// The plugin StateService.
    StateService,
}

impl Part {
    /// All parts, in the order of their names.
    pub const ALL: [Self; 4] = [Self::ApplicationLogs, Self::RpcServer, Self::StateService, Self::TokensTracker];

    /// The name of the plugin.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RpcServer => "RpcServerPlugin",
            Self::ApplicationLogs => "ApplicationLogs",
            Self::TokensTracker => "TokensTracker",
            Self::StateService => "StateService",
        }
    }
}

/// A parameter of a method.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// The name, which errors show.
    pub name: &'static str,
    /// Whether it must be there.
    pub is_required: bool,
}

/// What answers a call.
#[derive(Clone, Copy, Debug)]
pub enum Handler {
    /// It reads.
    Read(fn(&Node, &Params<'_>) -> Answer),
    /// It changes the pool or the chain.
    Write(fn(&mut Node, &Params<'_>) -> Answer),
}

/// A method.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// The name.
    pub name: &'static str,
    /// The parameters, which are given by their place.
    pub parameters: &'static [Parameter],
    /// What it does.
    pub doc: &'static str,
    /// The part of the reference node that has it.
    pub part: Part,
    /// What answers a call.
    pub handler: Handler,
}

macro_rules! methods {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:ident($($parameter:ident $(?$optional:tt)?),*) in $part:ident => $handler:path;)+) => {
        /// All methods, in the order of their names.
        pub static METHODS: &[Method] = &[$(
            Method {
                name: stringify!($name),
                parameters: &[$(Parameter { name: stringify!($parameter), is_required: methods!(@ $($optional)?) },)*],
                doc: concat!($($doc,)+),
                part: Part::$part,
                handler: Handler::$kind($handler),
            },
        )+];
    };
    (@) => { true };
    (@ $optional:tt) => { false };
}

methods! {
    /// Returns the network fee that a transaction needs, in datoshi. Signatures may be missing.
    Read calculatenetworkfee(tx) in RpcServer => transactions::calculate_network_fee;
    /// Returns the entries of a contract's storage whose keys have a prefix, in a state that is kept.
    Read findstates(rootHash, scriptHash, prefix, key?_, count?_) in StateService => state::find_states;
    /// Returns the entries of a contract's storage whose keys have a prefix, from the start-th on.
    Read findstorage(contractNameOrHashOrId, base64KeyPrefix, start?_) in RpcServer => contracts::find_storage;
    /// Returns what the executions of a block or a transaction did, of all triggers or of one.
    Read getapplicationlog(hash, triggerType?_) in ApplicationLogs => logs::application_log;
    /// Returns the hash of the last block.
    Read getbestblockhash() in RpcServer => blockchain::best_block_hash;
    /// Returns a block: its bytes in base64, or with verbose as JSON.
    Read getblock(blockHashOrIndex, verbose?_) in RpcServer => blockchain::block;
    /// Returns the number of blocks.
    Read getblockcount() in RpcServer => blockchain::block_count;
    /// Returns the hash of the block at a height.
    Read getblockhash(height) in RpcServer => blockchain::block_hash;
    /// Returns the header of a block: its bytes in base64, or with verbose as JSON.
    Read getblockheader(blockHashOrIndex, verbose?_) in RpcServer => blockchain::block_header;
    /// Returns the number of headers.
    Read getblockheadercount() in RpcServer => blockchain::block_count;
    /// Returns the candidates for the committee and their votes.
    Read getcandidates() in RpcServer => governance::candidates;
    /// Returns the keys of the committee's members.
    Read getcommittee() in RpcServer => governance::committee;
    /// Returns the number of nodes that this one is connected to.
    Read getconnectioncount() in RpcServer => node::connection_count;
    /// Returns a contract, by its hash, its id or the name of a native one.
    Read getcontractstate(contractNameOrHashOrId) in RpcServer => contracts::contract_state;
    /// Returns the native contracts.
    Read getnativecontracts() in RpcServer => contracts::native_contracts;
    /// Returns the NEP-11 tokens of an account.
    Read getnep11balances(address) in TokensTracker => tokens::nep11_balances;
    /// Returns the properties of a NEP-11 token.
    Read getnep11properties(address, tokenId) in TokensTracker => tokens::nep11_properties;
    /// Returns the transfers of NEP-11 tokens from and to an account, of the last seven days or between two times.
    Read getnep11transfers(address, startTime?_, endTime?_) in TokensTracker => tokens::nep11_transfers;
    /// Returns the NEP-17 balances of an account.
    Read getnep17balances(address) in TokensTracker => tokens::nep17_balances;
    /// Returns the transfers of NEP-17 tokens from and to an account, of the last seven days or between two times.
    Read getnep17transfers(address, startTime?_, endTime?_) in TokensTracker => tokens::nep17_transfers;
    /// Returns the keys of the validators of the next block, and their votes.
    Read getnextblockvalidators() in RpcServer => governance::next_block_validators;
    /// Returns the nodes that this one knows.
    Read getpeers() in RpcServer => node::peers;
    /// Returns a proof that a contract's storage has an entry, in a state that is kept.
    Read getproof(rootHash, scriptHash, key) in StateService => state::proof;
    /// Returns the hashes of the transactions that wait for a block.
    Read getrawmempool(shouldGetUnverified?_) in RpcServer => transactions::raw_mempool;
    /// Returns a transaction of the chain or the pool: its bytes in base64, or with verbose as JSON.
    Read getrawtransaction(hash, verbose?_) in RpcServer => transactions::raw_transaction;
    /// Returns the value of a key of a contract's storage, in a state that is kept.
    Read getstate(rootHash, scriptHash, key) in StateService => state::value;
    /// Returns the height of the last state root.
    Read getstateheight() in StateService => state::height;
    /// Returns the state root after a block.
    Read getstateroot(index) in StateService => state::root;
    /// Returns the value of a key of a contract's storage.
    Read getstorage(contractNameOrHashOrId, base64Key) in RpcServer => contracts::storage;
    /// Returns the height of the block that a transaction is in.
    Read gettransactionheight(hash) in RpcServer => transactions::transaction_height;
    /// Returns the GAS that an account has earned and not got yet, in datoshi.
    Read getunclaimedgas(address) in RpcServer => governance::unclaimed_gas;
    /// Returns what the node and its network are.
    Read getversion() in RpcServer => node::version;
    /// Calls a contract's verify, and keeps nothing.
    Read invokecontractverify(scriptHash, args?_, signersAndWitnesses?_) in RpcServer => invoke::contract_verify;
    /// Calls a method of a contract, and keeps nothing.
    Read invokefunction(scriptHash, operation, args?_, signersAndWitnesses?_, useDiagnostic?_) in RpcServer => invoke::function;
    /// Runs a script, and keeps nothing.
    Read invokescript(script, signersAndWitnesses?_, useDiagnostic?_) in RpcServer => invoke::script;
    /// Returns the parts of the reference node whose methods there are.
    Read listplugins() in RpcServer => utilities::plugins;
    /// Takes a transaction for one of the next blocks.
    Write sendrawtransaction(base64Tx) in RpcServer => transactions::send_raw_transaction;
    /// Takes the next block.
    Write submitblock(base64Block) in RpcServer => blockchain::submit_block;
    /// Ends a session.
    Read terminatesession(sessionId) in RpcServer => invoke::terminate_session;
    /// Returns the next entries of an iterator that a test invocation has returned.
    Read traverseiterator(sessionId, iteratorId, count) in RpcServer => invoke::traverse_iterator;
    /// Returns whether a text is an address.
    Read validateaddress(address) in RpcServer => utilities::validate_address;
    /// Returns the value that a proof proves.
    Read verifyproof(rootHash, proof) in StateService => state::verify_proof;
}

impl Method {
    /// Returns the method with a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        METHODS.binary_search_by_key(&name, |method| method.name).ok().map(|index| &METHODS[index])
    }

    /// The name and the parameters: `getblock(blockHashOrIndex, verbose?)`.
    pub fn signature(&self) -> String {
        let parameter = |parameter: &Parameter| {
            let mark = if parameter.is_required { "" } else { "?" };
            format!("{}{mark}", parameter.name)
        };
        format!("{}({})", self.name, self.parameters.iter().map(parameter).collect::<Vec<_>>().join(", "))
    }
}

/// The tables of methods and errors, as docs/rpc.md has them.
pub fn reference() -> String {
    let mut out = String::from("| method | part | |\n|---|---|---|\n");
    for method in METHODS {
        let _ = writeln!(out, "| `{}` | {} | {} |", method.signature(), method.part.name(), method.doc.trim());
    }
    out += "\n| code | message |\n|--:|---|\n";
    for kind in ErrorKind::ALL {
        let _ = writeln!(out, "| {} | {} |", kind.code(), kind.message());
    }
    out
}
