//! What the transactions do.

use std::sync::Arc;

use neovm::{
    Hash160, OpCode, Script, StackItem, WitnessScopes,
    crypto::sha256,
    host::native::NATIVES,
    types::{CallFlags, ScriptBuilder},
};

use crate::{
    Error,
    accounts::Account,
    contracts::{Deployment, deployments},
    network,
    producer::Request,
};

/// The number of calls in a transaction that distributes something.
const CALLS: usize = 100;
/// What each account gets of GAS and of the NEP-17 tokens, in their smallest units.
const GAS: i64 = 10_000 * 100_000_000;
const TOKENS: i64 = 1_000_000_000_000;
/// The number of NEP-11 tokens of each account.
const PICTURES: usize = 2;
/// The reserves of the exchange.
const RESERVE: i64 = 100_000_000_000_000_000;
/// In twenty transactions, the numbers below these transfer GAS, a NEP-17 token, a NEP-11 token.
const OF_TWENTY: [u64; 3] = [8, 14, 17];

/// Makes the transactions of each block.
pub(crate) struct Workload {
    random: Random,
    accounts: Vec<Arc<Account>>,
    deployments: [Deployment; 4],
    contracts: Contracts,
    /// The owner of each NEP-11 token, an index of the accounts.
    owners: Vec<usize>,
    /// The NEP-11 token that is transferred next.
    picture: usize,
    transactions: u64,
}

/// The hashes of the contracts.
struct Contracts {
    gas: Hash160,
    management: Hash160,
    tokens: [Hash160; 2],
    pictures: Hash160,
    exchange: Hash160,
}

impl Workload {
    pub(crate) fn new(accounts: usize) -> Result<Self, Error> {
        let account = |index| Account::single(&format!("account {index}")).map(Arc::new);
        let accounts: Vec<_> = (0..accounts).map(account).collect::<Result<_, _>>()?;
        let deployments = deployments();
        let [apples, pears, pictures, exchange] = deployments.each_ref().map(|it| it.hash(accounts[0].hash));
        let native = |name: &str| NATIVES.iter().find(|native| native.name == name).map(|native| native.hash);
        let contracts = Contracts {
            gas: native("GasToken").ok_or("there is no GasToken")?,
            management: native("ContractManagement").ok_or("there is no ContractManagement")?,
            tokens: [apples, pears],
            pictures,
            exchange,
        };
        let owners = (0..accounts.len() * PICTURES).map(|token| token % accounts.len()).collect();
        Ok(Self { random: Random(0), accounts, deployments, contracts, owners, picture: 0, transactions: 0 })
    }

    /// Returns the transactions of the first blocks.
    pub(crate) fn set_up(&self) -> Result<Vec<Vec<Request>>, Error> {
        let consensus = Arc::new(network::consensus()?);
        let transfer_gas =
            |account: &Arc<Account>| Call::transfer(self.contracts.gas, consensus.hash, account.hash, GAS);
        let gas = self.accounts.iter().map(transfer_gas).collect();
        let owner = &self.accounts[0];
        let deploy = |deployment: &Deployment| {
            let arguments = deployment.arguments().map(StackItem::from).to_vec();
            let call = Call { contract: self.contracts.management, method: "deploy", arguments, result: Returned::Any };
            request(owner, &[call])
        };
        let rest = &self.accounts[1..];
        let transfer_tokens = |token: Hash160| {
            rest.iter().map(move |account| Call::transfer(token, owner.hash, account.hash, TOKENS)).collect::<Vec<_>>()
        };
        let mint = |(token, account): (usize, &usize)| Call {
            contract: self.contracts.pictures,
            method: "mint",
            arguments: vec![self.accounts[*account].hash.into(), token_id(token).as_slice().into()],
            result: Returned::Any,
        };
        let pictures = self.owners.iter().enumerate().map(mint).collect();
        let [apples, pears] = self.contracts.tokens;
        let open = Call {
            contract: self.contracts.exchange,
            method: "open",
            arguments: vec![owner.hash.into(), apples.into(), pears.into(), RESERVE.into(), RESERVE.into()],
            result: Returned::Any,
        };
        let mut blocks = vec![requests(&consensus, gas), self.deployments.iter().map(deploy).collect()];
        blocks.extend(self.contracts.tokens.map(|token| requests(owner, transfer_tokens(token))));
        blocks.push(requests(owner, pictures));
        blocks.push(vec![request(owner, &[open])]);
        Ok(blocks)
    }

    /// Returns the transactions of a later block.
    pub(crate) fn next_block(&mut self, transactions: usize) -> Vec<Request> {
        (0..transactions).map(|_| self.next()).collect()
    }

    fn next(&mut self) -> Request {
        let kind = self.transactions % 20;
        self.transactions += 1;
        let sender = self.random.below(self.accounts.len());
        let receiver = self.receiver();
        let account = &self.accounts[sender];
        match OF_TWENTY.iter().position(|below| kind < *below) {
            Some(0) => request(account, &[Call::transfer(self.contracts.gas, account.hash, receiver, 100_000)]),
            Some(1) => {
                let token = self.contracts.tokens[self.random.below(2)];
                request(account, &[Call::transfer(token, account.hash, receiver, 1000)])
            }
            Some(_) => self.transfer_picture(sender),
            None => {
                let arguments = vec![account.hash.into(), (self.random.below(2) == 0).into(), 100_000.into(), 1.into()];
                let result = Returned::Any;
                request(account, &[Call { contract: self.contracts.exchange, method: "swap", arguments, result }])
            }
        }
    }

    /// An account that gets something; every tenth is new.
    fn receiver(&mut self) -> Hash160 {
        let number = self.random.next();
        match self.random.below(10) {
            0 => Hash160(*sha256(&number.to_le_bytes()).first_chunk().expect("20 of 32 bytes")),
            _ => self.accounts[number as usize % self.accounts.len()].hash,
        }
    }

    /// The owner of the next NEP-11 token gives it to an account. No token is transferred twice in a
    /// block, because each comes only once in a round.
    fn transfer_picture(&mut self, receiver: usize) -> Request {
        let token = self.picture;
        self.picture = (token + 1) % self.owners.len();
        let owner = std::mem::replace(&mut self.owners[token], receiver);
        let arguments = vec![self.accounts[receiver].hash.into(), token_id(token).as_slice().into(), StackItem::Null];
        let contract = self.contracts.pictures;
        request(&self.accounts[owner], &[Call { contract, method: "transfer", arguments, result: Returned::True }])
    }
}

/// The call of a contract's method.
struct Call {
    contract: Hash160,
    method: &'static str,
    arguments: Vec<StackItem>,
    result: Returned,
}

/// What a method must return.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Returned {
    Any,
    True,
}

impl Call {
    /// The transfer of a NEP-17 token.
    fn transfer(token: Hash160, from: Hash160, to: Hash160, amount: i64) -> Self {
        let arguments = vec![from.into(), to.into(), amount.into(), StackItem::Null];
        Self { contract: token, method: "transfer", arguments, result: Returned::True }
    }
}

/// A transaction that makes calls.
fn request(sender: &Arc<Account>, calls: &[Call]) -> Request {
    let mut script = ScriptBuilder::new();
    for call in calls {
        script.dynamic_call(call.contract, call.method, CallFlags::ALL, &call.arguments);
        script.op(if call.result == Returned::True { OpCode::ASSERT } else { OpCode::DROP });
    }
    Request { sender: Arc::clone(sender), scopes: WitnessScopes::GLOBAL, script: built(&script) }
}

/// Transactions that make many calls.
fn requests(sender: &Arc<Account>, calls: Vec<Call>) -> Vec<Request> {
    calls.chunks(CALLS).map(|calls| request(sender, calls)).collect()
}

fn built(script: &ScriptBuilder) -> Script {
    script.build().expect("the calls fit in a script")
}

fn token_id(token: usize) -> [u8; 4] {
    (token as u32).to_be_bytes()
}

/// SplitMix64, which makes the same numbers on each machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}
