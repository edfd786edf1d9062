//! The native contract OracleContract. Requests for data from outside the chain.
//!
//! Sources: `OracleContract.cs`, `OracleRequest.cs` of the reference node.

use neovm_chain::{Attribute, OracleResponse, Transaction, contract::account};
use neovm_interp::Caller;
use neovm_storage::{Key, Layer};
use neovm_types::{
    CallFlags, FaultKind, Gas, Hardfork, Hash160, Hash256, Integer, Limits, StackItem, hash::hash160, item::binary,
    manifest::ParameterType,
};

use super::{
    contract_management, gas_token,
    keys::{key, read_number, write, write_integer},
    require_committee,
    role_management::{Role, designated},
    table::{Event, NativeContract},
    task::Task,
};
use crate::{
    executor::{Container, Executor},
    fault,
    stored::{deserialize, serialize},
};

/// The native contract OracleContract.
pub(crate) const CONTRACT: NativeContract = NativeContract {
    doc: "Requests for data from outside the chain.",
    activations: &[Hardfork::Faun],
    methods: methods! {
        (executor, caller)

        /// Passes the answer in the transaction to the contract that asked.
        finish() -> Task<()> { flags: CallFlags::ALL } => finish(executor, caller);
        /// Returns what a request costs, in datoshi.
        getPrice() -> i64 { cpu_fee: 1 << 15, flags: CallFlags::READ_STATES } => price(executor.layer());
        /// Asks for data, which the oracle nodes pass to a method of the calling contract.
        request(url: String, filter: Option<String>, callback: String, userData: StackItem, gasForResponse: i64)
            -> Task<()> { flags: CallFlags::STATES.union(CallFlags::ALLOW_NOTIFY) }
            => request(executor, caller, url, filter, callback, userData, gasForResponse);
        /// Sets what a request costs, in datoshi.
        setPrice(price: i64) { cpu_fee: 1 << 15, flags: CallFlags::STATES } => set_price(executor, price);
        /// Returns whether the transaction is an answer.
        verify() -> bool { cpu_fee: 1 << 15 } => verify(executor);
    },
    events: &[
        Event::new(
            REQUEST,
            &[
                ("Id", ParameterType::Integer),
                ("RequestContract", ParameterType::Hash160),
                ("Url", ParameterType::String),
                ("Filter", ParameterType::String),
            ],
        ),
        Event::new(RESPONSE, &[("Id", ParameterType::Integer), ("OriginalTx", ParameterType::Hash256)]),
    ],
    initialize: |executor, _, hardfork| match hardfork {
        Hardfork::Genesis => initialize(executor.layer()),
        _ => Ok(()),
    },
    post_persist,
    compose: |manifest, hardfork| {
        if hardfork >= Hardfork::Faun {
            manifest.supported_standards = vec!["NEP-30".into()];
        }
    },
    ..NativeContract::new("OracleContract", ID, Hash160(HASH))
};

/// The id.
pub(crate) const ID: i32 = -9;
/// The hash.
const HASH: [u8; 20] = [
    0x58, 0x87, 0x17, 0x11, 0x7e, 0x0a, 0xa8, 0x10, 0x72, 0xaf, 0xab, 0x71, 0xd2, 0xdd, 0x89, 0xfe, 0x7c, 0x4b, 0x92,
    0xfe,
];

const REQUEST: &str = "OracleRequest";
const RESPONSE: &str = "OracleResponse";

const PREFIX_PRICE: u8 = 5;
const PREFIX_ID_LIST: u8 = 6;
const PREFIX_REQUEST: u8 = 7;
const PREFIX_REQUEST_ID: u8 = 9;

const MAX_URL_SIZE: usize = 256;
const MAX_FILTER_SIZE: usize = 128;
const MAX_CALLBACK_SIZE: usize = 32;
const MAX_USER_DATA_SIZE: usize = 512;
/// The number of requests for one address that can wait.
const MAX_WAITING: usize = 256;
/// What is paid at least for the transaction with the answer, in datoshi.
const MIN_GAS_FOR_RESPONSE: i64 = 10_000_000;
/// What a request costs unless the committee says otherwise, in datoshi.
const DEFAULT_PRICE: i64 = 50_000_000;

/// A request for data from outside.
pub(crate) struct Request {
    /// The transaction that asked.
    pub(crate) original: Hash256,
    pub(crate) gas_for_response: i64,
    url: String,
    filter: Option<String>,
    callback_contract: Hash160,
    callback_method: String,
    /// An item as bytes.
    user_data: Vec<u8>,
}

impl Request {
    fn to_bytes(&self) -> Result<Vec<u8>, FaultKind> {
        serialize(&StackItem::array([
            self.original.0.into(),
            self.gas_for_response.into(),
            self.url.as_str().into(),
            self.filter.as_deref().into(),
            self.callback_contract.into(),
            self.callback_method.as_str().into(),
            self.user_data.as_slice().into(),
        ]))
    }

    fn from_bytes(stored: &[u8]) -> Result<Self, FaultKind> {
        let damaged = || fault("a stored oracle request is damaged");
        let text =
            |item: &StackItem| item.with_bytes(|bytes| String::from_utf8(bytes.to_vec()).map_err(|_| damaged()))?;
        let StackItem::Array(fields) = deserialize(stored)? else { return Err(damaged()) };
        let [original, gas_for_response, url, filter, contract, method, user_data] = &fields.to_vec()[..] else {
            return Err(damaged());
        };
        let Integer::Small(gas_for_response) = gas_for_response.to_integer()? else { return Err(damaged()) };
        Ok(Self {
            original: Hash256(original.with_bytes(|bytes| bytes.try_into())?.map_err(|_| damaged())?),
            gas_for_response,
            url: text(url)?,
            filter: if filter.is_null() { None } else { Some(text(filter)?) },
            callback_contract: Hash160(contract.with_bytes(|bytes| bytes.try_into())?.map_err(|_| damaged())?),
            callback_method: text(method)?,
            user_data: user_data.with_bytes(<[u8]>::to_vec)?,
        })
    }
}

fn request_key(id: u64) -> Key {
    key(ID, PREFIX_REQUEST).with(&id.to_be_bytes())
}

/// The key of the ids of the requests for an address that wait.
fn id_list_key(url: &str) -> Key {
    key(ID, PREFIX_ID_LIST).with(&hash160(url.as_bytes()).0)
}

/// The request with an id, if it is waiting for its answer.
pub(crate) fn stored_request(layer: &Layer<'_>, id: u64) -> Result<Option<Request>, FaultKind> {
    let stored = layer.get(&request_key(id)).map_err(fault)?;
    stored.map(|stored| Request::from_bytes(&stored)).transpose()
}

fn read_ids(layer: &Layer<'_>, key: &Key) -> Result<Vec<StackItem>, FaultKind> {
    match layer.get(key).map_err(fault)? {
        None => Ok(Vec::new()),
        Some(stored) => match deserialize(&stored)? {
            StackItem::Array(ids) => Ok(ids.to_vec()),
            _ => Err(fault("the stored ids of oracle requests are no array")),
        },
    }
}

fn write_ids(layer: &Layer<'_>, key: Key, ids: Vec<StackItem>) -> Result<(), FaultKind> {
    write(layer, key, &serialize(&StackItem::array(ids))?)
}

/// The answer in a transaction, if it is one.
fn response(transaction: &Transaction) -> Option<&OracleResponse> {
    transaction.attributes.iter().find_map(|attribute| match attribute {
        Attribute::OracleResponse(response) => Some(response),
        _ => None,
    })
}

fn initialize(layer: &Layer<'_>) -> Result<(), FaultKind> {
    write_integer(layer, key(ID, PREFIX_REQUEST_ID), 0)?;
    write_integer(layer, key(ID, PREFIX_PRICE), DEFAULT_PRICE)
}

fn price(layer: &Layer<'_>) -> Result<i64, FaultKind> {
    read_number(layer, &key(ID, PREFIX_PRICE))
}

fn set_price(executor: &Executor<'_>, price: i64) -> Result<(), FaultKind> {
    if price <= 0 {
        return Err(fault(format!("the price {price} is not above zero")));
    }
    require_committee(executor)?;
    write_integer(executor.layer(), key(ID, PREFIX_PRICE), price)
}

fn verify(executor: &Executor<'_>) -> Result<bool, FaultKind> {
    match executor.container() {
        Container::None => Ok(false),
        Container::Transaction(transaction) => Ok(response(transaction).is_some()),
        Container::Block(_) => Err(fault("the container is no transaction, but a block")),
    }
}

fn transaction<'s>(executor: &Executor<'s>) -> Result<&'s Transaction, FaultKind> {
    executor.transaction().ok_or_else(|| fault("the container is no transaction"))
}

/// Calls back the contract that asked for the answer in the transaction, whose
/// script must have called this method directly, and once.
fn finish(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<Task<()>, FaultKind> {
    let own = executor.current_hash()?;
    if caller.depth() != 2 || executor.invocation_count(own) != 1 {
        return Err(fault("only the transaction's script can pass an answer, and only once"));
    }
    let response = response(transaction(executor)?).ok_or_else(|| fault("the transaction has no answer"))?;
    let request = stored_request(executor.layer(), response.id)?;
    let request = request.ok_or_else(|| fault(format!("there is no oracle request {}", response.id)))?;
    let state = StackItem::array([response.id.into(), request.original.0.into()]);
    executor.notify(own, RESPONSE, state)?;
    let arguments = vec![
        request.url.into(),
        deserialize(&request.user_data)?,
        (response.code as u8).into(),
        response.result.as_slice().into(),
    ];
    executor.call_from_native(caller, own, request.callback_contract, &request.callback_method, arguments, false)?;
    Ok(Task::after(|_, _| Ok(Task::Done(()))))
}

fn check_size(what: &str, text: &str, limit: usize) -> Result<(), FaultKind> {
    match text.len() {
        size if size > limit => Err(fault(format!("the {what} has {size} bytes, at most {limit} are allowed"))),
        _ => Ok(()),
    }
}

fn request(
    executor: &mut Executor<'_>,
    caller: &mut Caller<'_>,
    url: String,
    filter: Option<String>,
    callback: String,
    user_data: StackItem,
    gas_for_response: i64,
) -> Result<Task<()>, FaultKind> {
    check_size("address", &url, MAX_URL_SIZE)?;
    check_size("filter", filter.as_deref().unwrap_or(""), MAX_FILTER_SIZE)?;
    check_size("method's name", &callback, MAX_CALLBACK_SIZE)?;
    if callback.starts_with('_') {
        return Err(fault(format!("the method {callback:?} starts with an underscore")));
    }
    if gas_for_response < MIN_GAS_FOR_RESPONSE {
        return Err(fault(format!("{gas_for_response} datoshi for the answer, at least {MIN_GAS_FOR_RESPONSE}")));
    }
    caller.add_fee(Gas::from_datoshi(price(executor.layer())?))?;
    caller.add_fee(Gas::from_datoshi(gas_for_response))?;
    let minted = gas_token::mint(executor, caller, Hash160(HASH), gas_for_response.into(), false)?;
    minted.then(executor, caller, move |executor, _, ()| {
        let id = next_id(executor.layer())?;
        let callback_contract = executor.calling_hash().ok_or_else(|| fault("no contract asks"))?;
        if !contract_management::is_contract(executor.layer(), callback_contract)? {
            return Err(fault("only contracts can ask the oracle"));
        }
        let request = Request {
            original: original_transaction(executor)?,
            gas_for_response,
            url,
            filter,
            callback_contract,
            callback_method: callback,
            user_data: binary::serialize(&user_data, MAX_USER_DATA_SIZE, Limits::DEFAULT.max_stack_size as usize)?,
        };
        add_request(executor, id, &request).map(Task::Done)
    })
}

/// Takes the next id of a request.
fn next_id(layer: &Layer<'_>) -> Result<u64, FaultKind> {
    let key = key(ID, PREFIX_REQUEST_ID);
    let id: u64 = read_number(layer, &key)?;
    write_integer(layer, key, id + 1)?;
    Ok(id)
}

/// The transaction that asks, or that asked for the answer which asks again.
fn original_transaction(executor: &Executor<'_>) -> Result<Hash256, FaultKind> {
    let transaction = transaction(executor)?;
    let Some(response) = response(transaction) else { return Ok(transaction.hash()) };
    let request = stored_request(executor.layer(), response.id)?;
    Ok(request.ok_or_else(|| fault(format!("there is no oracle request {}", response.id)))?.original)
}

fn add_request(executor: &mut Executor<'_>, id: u64, request: &Request) -> Result<(), FaultKind> {
    write(executor.layer(), request_key(id), &request.to_bytes()?)?;
    let key = id_list_key(&request.url);
    let mut ids = read_ids(executor.layer(), &key)?;
    if ids.len() >= MAX_WAITING {
        return Err(fault(format!("{MAX_WAITING} requests for the address wait")));
    }
    ids.push(id.into());
    write_ids(executor.layer(), key, ids)?;
    let state = StackItem::array([
        id.into(),
        request.callback_contract.into(),
        request.url.as_str().into(),
        request.filter.as_deref().into(),
    ]);
    executor.notify(Hash160(HASH), REQUEST, state)
}

/// Removes the requests that the block answers, and pays the nodes that answer.
fn post_persist(executor: &mut Executor<'_>, caller: &mut Caller<'_>) -> Result<(), FaultKind> {
    let block = executor.require_block()?;
    let mut nodes: Option<Vec<(Hash160, Integer)>> = None;
    for response in block.transactions().iter().filter_map(|transaction| response(transaction)) {
        if !remove_request(executor.layer(), response.id)? {
            continue;
        }
        if nodes.is_none() {
            let keys = designated(executor.layer(), Role::Oracle, block.index)?;
            nodes = Some(keys.iter().map(|key| (account(key), Integer::from(0))).collect());
        }
        let nodes = nodes.as_mut().filter(|nodes| !nodes.is_empty());
        if let Some(nodes) = nodes {
            let count = nodes.len() as u64;
            let (_, earned) = &mut nodes[(response.id % count) as usize];
            *earned = earned.add(price(executor.layer())?.into())?;
        }
    }
    for (account, earned) in nodes.unwrap_or_default() {
        if earned > Integer::from(0) {
            // Without a call of the account's contract the task is done.
            gas_token::mint(executor, caller, account, earned, false)?;
        }
    }
    Ok(())
}

/// Removes a request, and returns whether it was there.
fn remove_request(layer: &Layer<'_>, id: u64) -> Result<bool, FaultKind> {
    let Some(request) = stored_request(layer, id)? else { return Ok(false) };
    layer.delete(&request_key(id)).map_err(fault)?;
    let key = id_list_key(&request.url);
    let mut ids = read_ids(layer, &key)?;
    let mut place = None;
    for (index, other) in ids.iter().enumerate() {
        if other.to_integer()? == Integer::from(id) {
            place = place.or(Some(index));
        }
    }
    ids.remove(place.ok_or_else(|| fault(format!("oracle request {id} is not listed")))?);
    if ids.is_empty() {
        layer.delete(&key).map_err(fault)?;
    } else {
        write_ids(layer, key, ids)?;
    }
    Ok(true)
}
