//! Test files: `X.test.toml`.

use std::{ops::Range, path::Path};

use neovm::{
    Hash160, Signer, WitnessScopes,
    chain::{OracleResponse, contract::contract_hash},
    types::{
        Manifest,
        manifest::{Method, Parameter, ParameterType},
    },
};

use crate::show;

use super::{
    base::{Base, Files},
    blocks,
    node::{Fields, Node, Problem, Result, Value, did_you_mean},
    value::{Names, account, bytes},
};

/// What a file says.
#[derive(Debug)]
pub(crate) struct TestFile {
    pub(crate) names: Names,
    pub(crate) contracts: Vec<Deployed>,
    pub(crate) setup: Vec<Step>,
    pub(crate) tests: Vec<Test>,
}

/// A contract that is deployed before the tests, with the name that they give it.
#[derive(Debug)]
pub(crate) struct Deployed {
    pub(crate) span: Range<usize>,
    pub(crate) name: String,
    pub(crate) hash: Hash160,
    pub(crate) files: Files,
    pub(crate) data: Option<Node>,
    pub(crate) signers: Vec<Signer>,
}

#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
}

/// Something that a test does.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) span: Range<usize>,
    /// The time of its block: absolute, or how much later than the last one.
    pub(crate) time: Option<u64>,
    pub(crate) after: Option<u64>,
    pub(crate) action: Action,
}

#[derive(Debug)]
pub(crate) enum Action {
    Call(Box<Call>),
    Mine(u64),
    Oracle(OracleResponse),
}

/// A call, and what is expected of it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) span: Range<usize>,
    pub(crate) contract: Hash160,
    pub(crate) method: Method,
    pub(crate) arguments: Vec<Node>,
    pub(crate) signers: Vec<Signer>,
    pub(crate) result: Option<Node>,
    pub(crate) fault: Option<(String, Range<usize>)>,
    pub(crate) events: Option<(Vec<Event>, Range<usize>)>,
    pub(crate) logs: Option<(Vec<String>, Range<usize>)>,
    pub(crate) storage: Vec<Entry>,
    /// Bounds of the gas, in datoshi.
    pub(crate) gas: Option<(u64, u64, Range<usize>)>,
}

/// An event that is expected.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) span: Range<usize>,
    pub(crate) contract: Hash160,
    pub(crate) name: String,
    pub(crate) values: Vec<(Node, ParameterType)>,
}

/// An entry of the storage that is expected; false for one that is not there.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) contract: Hash160,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Node,
}

impl TestFile {
    /// Reads a file that lies in a folder.
    pub(crate) fn read(base: &Base, folder: &Path, text: &str) -> Result<Self> {
        let root = Node::parse(text)?;
        let mut fields = root.fields()?;
        let mut reader = Reader { names: Names::default(), manifests: Vec::new() };
        for native in base.natives() {
            let state = native.state();
            reader.names.insert(&state.manifest.name, state.hash);
            reader.manifests.push((state.manifest.name.clone(), state.hash, state.manifest.clone()));
        }
        reader.accounts(fields.take("accounts"))?;
        let mut contracts = Vec::new();
        for node in fields.list("contract")? {
            contracts.push(reader.contract(node, folder)?);
        }
        let setup = reader.steps(fields.list("setup")?)?;
        let mut tests: Vec<Test> = Vec::new();
        for node in fields.list("test")? {
            let test = reader.test(node)?;
            if tests.iter().any(|other| other.name == test.name) {
                return Err(Problem::new(&node.span, format!("there are two tests called {:?}", test.name)));
            }
            tests.push(test);
        }
        fields.end()?;
        if tests.is_empty() {
            return Err(
                Problem::new(&(0..0), "there is no test in this file").help(Some("write one as [[test]]".into()))
            );
        }
        Ok(Self { names: reader.names, contracts, setup, tests })
    }
}

struct Reader {
    names: Names,
    /// The contracts by what tests call them.
    manifests: Vec<(String, Hash160, Manifest)>,
}

impl Reader {
    /// Accounts are a list of names, or a table of names and addresses.
    fn accounts(&mut self, node: Option<&Node>) -> Result<()> {
        let Some(node) = node else { return Ok(()) };
        match &node.value {
            Value::Table(entries) => {
                for (key, value) in entries {
                    let hash = self.names.account(value)?;
                    self.name(&key.span, &key.name, hash)?;
                }
            }
            _ => {
                for node in node.list()? {
                    self.name(&node.span, node.text()?, account(node.text()?))?;
                }
            }
        }
        Ok(())
    }

    fn name(&mut self, span: &Range<usize>, name: &str, hash: Hash160) -> Result<()> {
        match self.names.insert(name, hash) {
            None => Ok(()),
            Some(_) => Err(Problem::new(span, format!("the name `{name}` is given twice"))),
        }
    }

    fn contract(&mut self, node: &Node, folder: &Path) -> Result<Deployed> {
        let mut fields = node.fields()?;
        let nef = fields.require("nef")?;
        let files = Files::read(&folder.join(nef.text()?)).map_err(|error| Problem::new(&nef.span, error))?;
        let name = match fields.take("name") {
            Some(name) => name.text()?.to_owned(),
            None => Path::new(nef.text()?).file_stem().unwrap_or_default().to_string_lossy().into_owned(),
        };
        let mut signers = self.signers(fields.list("signers")?)?;
        if signers.is_empty() {
            // Somebody must send the transaction.
            signers.push(Signer::new(account("deployer"), WitnessScopes::CALLED_BY_ENTRY));
        }
        let data = fields.take("data");
        data.map(|data| self.names.item(data, ParameterType::Any)).transpose()?;
        fields.end()?;
        let hash = contract_hash(signers[0].account, files.nef.checksum(), &files.manifest.name);
        self.name(&node.span, &name, hash)?;
        self.manifests.push((name.clone(), hash, files.manifest.clone()));
        Ok(Deployed { span: nef.span.clone(), name, hash, files, data: data.cloned(), signers })
    }

    /// A signer is an account, or a table with scopes.
    fn signers(&self, nodes: &[Node]) -> Result<Vec<Signer>> {
        let signer = |node: &Node| {
            if let Value::Text(_) = node.value {
                return Ok(Signer::new(self.names.account(node)?, WitnessScopes::CALLED_BY_ENTRY));
            }
            let mut fields = node.fields()?;
            let account = self.names.account(fields.require("account")?)?;
            let scope = fields.take("scope");
            let contracts = fields.list("contracts")?;
            let allowed = contracts.iter().map(|node| self.names.account(node)).collect::<Result<Vec<_>>>()?;
            let scopes = match scope {
                Some(scope) => scope.text()?.parse().map_err(|error: neovm::chain::UnknownName| {
                    Problem::new(&scope.span, error.to_string())
                        .help(Some("None, CalledByEntry, Global, or contracts = [..] beside the account".into()))
                })?,
                None if contracts.is_empty() => WitnessScopes::CALLED_BY_ENTRY,
                None => WitnessScopes::NONE,
            };
            fields.end()?;
            let scopes = if allowed.is_empty() { scopes } else { scopes | WitnessScopes::CUSTOM_CONTRACTS };
            if let Some(why) = unfit(scopes, allowed.len()) {
                return Err(Problem::new(&node.span, why));
            }
            let mut signer = Signer::new(account, scopes);
            signer.allowed_contracts = allowed;
            Ok(signer)
        };
        let signers = nodes.iter().map(signer).collect::<Result<Vec<_>>>()?;
        for (i, node) in nodes.iter().enumerate() {
            if signers[..i].iter().any(|before| before.account == signers[i].account) {
                return Err(Problem::new(&node.span, "this account signs already"));
            }
        }
        Ok(signers)
    }

    fn test(&self, node: &Node) -> Result<Test> {
        let mut fields = node.fields()?;
        let name = fields.require("name")?.text()?.to_owned();
        let list = fields.require("steps")?;
        let steps = self.steps(list.list()?)?;
        if steps.is_empty() {
            return Err(Problem::new(&list.span, "a test without steps checks nothing"));
        }
        fields.end()?;
        Ok(Test { name, steps })
    }

    fn steps(&self, nodes: &[Node]) -> Result<Vec<Step>> {
        nodes.iter().map(|node| self.step(node)).collect()
    }

    fn step(&self, node: &Node) -> Result<Step> {
        let mut fields = node.fields()?;
        let (time, after) = (fields.take("time"), fields.take("after"));
        let time = time.map(Node::number).transpose()?;
        let after = after.map(Node::duration).transpose()?;
        let action = match (fields.take("call"), fields.take("mine"), fields.take("oracle")) {
            (Some(call), None, None) => Action::Call(Box::new(self.call(call, &mut fields)?)),
            (None, Some(mine), None) => match mine.number()? {
                count @ 1..=blocks::MAX_BLOCKS => Action::Mine(count),
                _ => return Err(Problem::new(&mine.span, format!("1 to {} blocks are mined", blocks::MAX_BLOCKS))),
            },
            (None, None, Some(oracle)) => Action::Oracle(response(oracle)?),
            _ => {
                return Err(Problem::new(&node.span, "a step is one of `call`, `mine` and `oracle`"));
            }
        };
        fields.end()?;
        Ok(Step { span: node.span.clone(), time, after, action })
    }

    /// The contract that a text names, and the name behind the dot. There may be dots in names: of the contracts whose
    /// names the text begins with it is the one with the longest.
    fn member<'a>(&'a self, node: &'a Node) -> Result<(Hash160, &'a Manifest, &'a str)> {
        let text = node.text()?;
        let behind = |name: &str| text.strip_prefix(name)?.strip_prefix('.');
        let named = self.manifests.iter().filter_map(|known| Some((known, behind(&known.0)?)));
        if let Some(((_, hash, manifest), member)) = named.min_by_key(|(_, member)| member.len()) {
            return Ok((*hash, manifest, member));
        }
        let Some((contract, _)) = text.rsplit_once('.') else {
            return Err(Problem::new(&node.span, "write the contract, a dot and the name: \"token.mint\""));
        };
        let help = did_you_mean(contract, self.manifests.iter().map(|(name, ..)| name.as_str()));
        Err(Problem::new(&node.span, format!("no contract is called `{contract}`")).help(help))
    }

    fn call(&self, call: &Node, fields: &mut Fields<'_>) -> Result<Call> {
        let (contract, manifest, name) = self.member(call)?;
        let arguments = fields.list("args")?;
        let Some(method) = manifest.abi.method(name, Some(arguments.len())) else {
            return Err(no_method(call, manifest, name, arguments.len()));
        };
        for (node, parameter) in arguments.iter().zip(&method.parameters) {
            self.names.item(node, parameter.parameter_type).map_err(|problem| of_parameter(problem, parameter))?;
        }
        let result = fields.take("result");
        if let Some(result) = result {
            if method.return_type == ParameterType::Void {
                return Err(Problem::new(&result.span, format!("`{name}` returns nothing")));
            }
            self.names.item(result, expected_type(method))?;
        }
        let fault = match fields.take("fault") {
            None => None,
            Some(node) => Some((node.text()?.to_owned(), node.span.clone())),
        };
        if let (Some(result), true) = (result, fault.is_some()) {
            return Err(Problem::new(&result.span, "a call that faults has no result"));
        }
        let listed = |node: Option<&Node>| node.map(|node| node.span.clone());
        let (events, logs) = (fields.take("events"), fields.take("logs"));
        let (events_at, logs_at) = (listed(events), listed(logs));
        let events = events.map_or(Ok(&[][..]), Node::list)?.iter().map(|node| self.event(node));
        let events = events.collect::<Result<Vec<_>>>()?;
        let logs = logs.map_or(Ok(&[][..]), Node::list)?.iter().map(|node| Ok(node.text()?.to_owned()));
        let logs = logs.collect::<Result<Vec<_>>>()?;
        Ok(Call {
            span: call.span.clone(),
            contract,
            method: method.clone(),
            arguments: arguments.to_vec(),
            signers: self.signers(fields.list("signers")?)?,
            result: result.cloned(),
            fault,
            events: events_at.map(|span| (events, span)),
            logs: logs_at.map(|span| (logs, span)),
            storage: fields.list("storage")?.iter().map(|node| self.entry(node)).collect::<Result<_>>()?,
            gas: fields.take("gas").map(bounds).transpose()?,
        })
    }

    /// `{ event = "token.Transfer", values = [..] }`, by the types of the manifest.
    fn event(&self, node: &Node) -> Result<Event> {
        let mut fields = node.fields()?;
        let event = fields.require("event")?;
        let (contract, manifest, name) = self.member(event)?;
        let Some(declared) = manifest.abi.events.iter().find(|event| *event.name == *name) else {
            let help = did_you_mean(name, manifest.abi.events.iter().map(|event| &*event.name));
            return Err(Problem::new(&event.span, format!("{} has no event `{name}`", manifest.name)).help(help));
        };
        let list = fields.require("values")?;
        let values = list.list()?;
        if values.len() != declared.parameters.len() {
            let names: Vec<&str> = declared.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
            let problem = Problem::new(
                &list.span,
                format!("the event has {}", show::count(declared.parameters.len() as u64, "value")),
            );
            return Err(problem.label(names.join(", ")));
        }
        let mut typed = Vec::new();
        for (node, parameter) in values.iter().zip(&declared.parameters) {
            self.names.item(node, parameter.parameter_type).map_err(|problem| of_parameter(problem, parameter))?;
            typed.push((node.clone(), parameter.parameter_type));
        }
        fields.end()?;
        Ok(Event { span: node.span.clone(), contract, name: name.into(), values: typed })
    }

    /// `{ contract = "token", key = ["0x02", "@alice"], value = 5 }`: the parts of a key are joined.
    fn entry(&self, node: &Node) -> Result<Entry> {
        let mut fields = node.fields()?;
        let contract = fields.require("contract")?;
        let name = contract.text()?;
        let known = self.manifests.iter().find(|(known, ..)| known == name);
        let (_, hash, _) =
            known.ok_or_else(|| Problem::new(&contract.span, format!("no contract is called `{name}`")))?;
        let key = fields.require("key")?;
        let mut parts = Vec::new();
        let nodes = if let Value::List(nodes) = &key.value { &nodes[..] } else { std::slice::from_ref(key) };
        for node in nodes {
            parts.extend(self.bytes(node)?);
        }
        let value = fields.require("value")?;
        if !matches!(value.value, Value::Boolean(false)) {
            self.bytes(value)?;
        }
        fields.end()?;
        Ok(Entry { contract: *hash, key: parts, value: value.clone() })
    }

    fn bytes(&self, node: &Node) -> Result<Vec<u8>> {
        stored(&self.names, node)
    }
}

/// Why a node takes no signer with these scopes and so many contracts.
fn unfit(scopes: WitnessScopes, contracts: usize) -> Option<&'static str> {
    if scopes.contains(WitnessScopes::GLOBAL) && scopes != WitnessScopes::GLOBAL {
        return Some("Global is for all contracts: no others are named with it");
    }
    if scopes.contains(WitnessScopes::CUSTOM_CONTRACTS) && contracts == 0 {
        return Some("CustomContracts without `contracts` allows nothing");
    }
    if scopes.intersects(WitnessScopes::CUSTOM_GROUPS | WitnessScopes::WITNESS_RULES) {
        return Some("groups and rules cannot be written here: use Global, CalledByEntry or `contracts`");
    }
    (contracts > Signer::MAX_SUBITEMS).then_some("at most 16 contracts are named")
}

/// The bytes of a value in the storage: of an account, a text, digits behind 0x, or an integer.
pub(crate) fn stored(names: &Names, node: &Node) -> Result<Vec<u8>> {
    match &node.value {
        Value::Text(text) if text.starts_with('@') => Ok(names.account(node)?.0.to_vec()),
        Value::Text(text) => bytes(node, text),
        Value::Integer(number) => Ok(number.to_le_bytes().to_vec()),
        _ => Err(Problem::new(&node.span, format!("bytes or a number are expected, not {}", node.kind()))),
    }
}

/// The type by which an expected result is read. What an iterator shows is a list.
pub(crate) fn expected_type(method: &Method) -> ParameterType {
    if method.return_type == ParameterType::InteropInterface { ParameterType::Any } else { method.return_type }
}

fn of_parameter(problem: Box<Problem>, parameter: &Parameter) -> Box<Problem> {
    if problem.label.is_empty() {
        return problem.label(format!("{}: {}", parameter.name, parameter.parameter_type));
    }
    problem
}

fn no_method(call: &Node, manifest: &Manifest, name: &str, count: usize) -> Box<Problem> {
    let methods = || manifest.abi.methods.iter().filter(|method| !method.name.starts_with('_'));
    let Some(method) = methods().find(|method| method.name == name) else {
        let help = did_you_mean(name, methods().map(|method| method.name.as_str()));
        return Problem::new(&call.span, format!("{} has no method `{name}`", manifest.name)).help(help);
    };
    let parameters: Vec<String> =
        method.parameters.iter().map(|it| format!("{}: {}", it.name, it.parameter_type)).collect();
    let (takes, are) = (show::count(parameters.len() as u64, "argument"), if count == 1 { "is" } else { "are" });
    Problem::new(&call.span, format!("`{name}` takes {takes}, {count} {are} given"))
        .label(format!("{name}({})", parameters.join(", ")))
}

/// A number of datoshi, or the least and the most.
fn bounds(node: &Node) -> Result<(u64, u64, Range<usize>)> {
    if let Value::Integer(_) = node.value {
        let gas = node.number()?;
        return Ok((gas, gas, node.span.clone()));
    }
    let mut fields = node.fields()?;
    let min = fields.take("min").map_or(Ok(0), Node::number)?;
    let max = fields.take("max").map_or(Ok(u64::MAX), Node::number)?;
    fields.end()?;
    Ok((min, max, node.span.clone()))
}

/// `{ id = 0, code = "Success", result = ".." }`.
fn response(node: &Node) -> Result<OracleResponse> {
    let mut fields = node.fields()?;
    let id = fields.take("id").map_or(Ok(0), Node::number)?;
    let code = fields.take("code").map_or(Ok("Success"), Node::text)?;
    let code = blocks::code(code).map_err(|error| Problem::new(&node.span, error.to_string()))?;
    let result = match fields.take("result") {
        None => Vec::new(),
        Some(result) => bytes(result, result.text()?)?,
    };
    fields.end()?;
    Ok(OracleResponse { id, code, result })
}
