//! The server: calls by HTTP.
//!
//! What a client can cost is bounded: the size of a request, the number of its calls, the time for
//! its headers and its body and for reading the answer, the number of connections, and what is held
//! for all of them.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::{RawQuery, Request as HttpRequest, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::Response,
    routing::any,
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use neovm_types::{base64, json::Json};
use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore},
    task,
};
use tower_http::cors::{Any, CorsLayer};

use crate::{
    error::{ErrorKind, RpcError},
    node::{Mining, Node},
    paced::Paced,
    request::{Request, answer, refusal},
};

/// What clients may do at most.
#[derive(Clone, Copy, Debug)]
pub struct ServerLimits {
    /// The size of a request, in bytes.
    pub body: usize,
    /// The number of calls in a request.
    pub batch: usize,
    /// The number of connections at once; more have to wait.
    pub connections: usize,
    /// The time that a client may take for the headers, and again for the body of a request, and for
    /// reading an answer. A connection without requests is closed after it, too.
    pub patience: Duration,
    /// For each so many bytes of an answer a client may take a second more.
    pub rate: u32,
    /// The size of the requests and answers that are held at once, in bytes. Those of at most
    /// [`SMALL`](Self::SMALL) do not count.
    pub memory: usize,
    /// The number of requests that are worked on at once.
    pub workers: usize,
}

impl ServerLimits {
    /// A request or an answer that is not larger is always held.
    pub const SMALL: usize = 64 << 10;
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            body: 5 << 20,
            batch: 100,
            connections: 1000,
            patience: Duration::from_secs(15),
            rate: 512 << 10,
            memory: 512 << 20,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

/// A server of a node.
#[derive(Clone, Debug)]
pub struct Server {
    node: Arc<RwLock<Node>>,
    limits: ServerLimits,
    workers: Arc<Semaphore>,
    /// The room for requests and answers that is left, in bytes.
    room: Arc<Semaphore>,
}

/// Bytes that are held, and the room that they take.
struct Held {
    bytes: Vec<u8>,
    _room: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Server {
    /// Makes a server of a node.
    pub fn new(node: Arc<RwLock<Node>>, limits: ServerLimits) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.clamp(1, Semaphore::MAX_PERMITS)));
        Self { node, limits, workers: semaphore(limits.workers), room: semaphore(limits.memory) }
    }

    /// Answers the clients that connect, and makes blocks if the node does that by the clock, until
    /// `stop` is ready. Then requests that are being answered are answered still.
    pub async fn run(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let mining = self.node.read().unwrap_or_else(PoisonError::into_inner).mining();
        let clock = match mining {
            Mining::Every(interval) => Some(tokio::spawn(mine(Arc::clone(&self.node), interval))),
            _ => None,
        };
        self.accept(listener, stop).await;
        if let Some(clock) = clock {
            clock.abort();
            // A block that is being made is finished.
            let _ = clock.await;
        }
    }

    async fn accept(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let connections = Arc::new(Semaphore::new(self.limits.connections.clamp(1, Semaphore::MAX_PERMITS)));
        let ServerLimits { patience, rate, .. } = self.limits;
        let service = TowerToHyperService::new(self.router());
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let permit = tokio::select! {
                permit = Arc::clone(&connections).acquire_owned() => permit,
                () = &mut stop => break,
            };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut stop => break,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Too many open files, for instance: it may be better in a moment.
                    tracing::warn!(%error, "no connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true);
            let mut http = hyper::server::conn::http1::Builder::new();
            // Who has said that nothing more comes may still want the answer.
            http.timer(TokioTimer::new()).header_read_timeout(patience).half_close(true);
            let stream = Paced::new(stream, patience, rate);
            let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service.clone()));
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "connection");
                }
                drop(permit);
            });
        }
        drop(listener);
        if tokio::time::timeout(patience, graceful.shutdown()).await.is_err() {
            tracing::warn!("connections were cut off");
        }
    }

    fn router(self) -> Router {
        let cors = CorsLayer::new()
            .allow_origin(Any)
            .allow_headers([header::CONTENT_TYPE])
            .allow_methods([Method::GET, Method::POST]);
        Router::new().fallback(any(handle)).layer(cors).with_state(self)
    }

    /// Reads a body in time.
    async fn body(&self, body: Body) -> Result<Held, StatusCode> {
        let limit = self.limits.body;
        let size = body.size_hint().upper().and_then(|size| size.try_into().ok()).map_or(limit, |size| limit.min(size));
        let room = self.room(size)?;
        let read = Limited::new(body, limit).collect();
        match tokio::time::timeout(self.limits.patience, read).await {
            Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
            Ok(Ok(collected)) => Ok(Held { bytes: collected.to_bytes().into(), _room: room }),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
            Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        }
    }

    /// Takes room for so many bytes, if there is any.
    fn room(&self, size: usize) -> Result<Option<OwnedSemaphorePermit>, StatusCode> {
        if size <= ServerLimits::SMALL {
            return Ok(None);
        }
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room).try_acquire_many_owned(size);
        room.map(Some).map_err(|_| {
            tracing::warn!(size, "no room: clients read too slowly");
            StatusCode::SERVICE_UNAVAILABLE
        })
    }

    /// Answers a request, on a thread that may take its time.
    async fn answer(&self, request: Held) -> Result<Option<Held>, StatusCode> {
        let Ok(permit) = Arc::clone(&self.workers).acquire_owned().await else { return Ok(None) };
        let (node, batch) = (Arc::clone(&self.node), self.limits.batch);
        let work = move || {
            let _permit = permit;
            match Request::parse(&request.bytes, batch) {
                Ok(request) => {
                    let begun = Instant::now();
                    let answered = answer(&node, &request);
                    tracing::debug!(request = %shown(&request), microseconds = begun.elapsed().as_micros() as u64);
                    answered
                }
                Err(error) => Some(refusal(&error)),
            }
        };
        let answered = match task::spawn_blocking(work).await {
            Ok(answered) => answered,
            Err(error) => {
                tracing::error!(%error, "a call has failed");
                Some(refusal(&RpcError::from(ErrorKind::InternalServerError)))
            }
        };
        let held = |text: String| Ok(Held { _room: self.room(text.len())?, bytes: text.into() });
        answered.map(held).transpose()
    }

    /// What a request is answered, or the status that refuses it.
    async fn respond(&self, query: &str, request: HttpRequest) -> Result<Option<Held>, StatusCode> {
        let request = match *request.method() {
            Method::POST => self.body(request.into_body()).await?,
            Method::GET => match from_query(query) {
                Some(bytes) => Held { bytes, _room: None },
                None => return Ok(Some(Held { bytes: refusal(&ErrorKind::BadRequest.into()).into(), _room: None })),
            },
            _ => return Err(StatusCode::METHOD_NOT_ALLOWED),
        };
        self.answer(request).await
    }
}

/// The methods of a request.
fn shown(request: &Request) -> String {
    let name = |call: &Json| call.get("method").and_then(Json::as_str).unwrap_or("?").chars().take(40).collect();
    match request {
        Request::One(call) => name(call),
        Request::Batch(calls) => calls.iter().take(10).map(name).collect::<Vec<String>>().join(","),
    }
}

async fn handle(State(server): State<Server>, RawQuery(query): RawQuery, request: HttpRequest) -> Response {
    let answered = server.respond(query.as_deref().unwrap_or_default(), request).await;
    let (status, held) = answered.map_or_else(|status| (status, None), |held| (StatusCode::OK, held));
    // The room is given back when the last byte was written.
    let mut response = Response::new(held.map_or_else(Body::empty, |held| Body::from(Bytes::from_owner(held))));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The request that the address of a GET is: `?jsonrpc=2.0&id=1&method=getblockcount&params=[]`.
/// The parameters may be in base64.
fn from_query(query: &str) -> Option<Vec<u8>> {
    let value = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| decoded(value))
            .filter(|value| !value.is_empty())
    };
    let (id, method, params) = (value("id")?, value("method")?, value("params")?);
    let params = match base64::decode(&params) {
        Ok(bytes) if !bytes.is_empty() => String::from_utf8(bytes).unwrap_or(params),
        _ => params,
    };
    let params = Json::parse(params.as_bytes(), 32).ok()?;
    let members = [("jsonrpc", "2.0".into()), ("id", id.into()), ("method", method.into()), ("params", params)];
    Some(Json::Object(members.map(|(key, value)| (key.into(), value)).into()).to_string().into_bytes())
}

/// A value of an address without its percent signs.
fn decoded(value: &str) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| first == b'%').and_then(|digits| hex::decode(digits).ok());
        bytes.push(match (&digits, first) {
            (Some(digits), _) => digits[0],
            (None, b'+') => b' ',
            (None, other) => other,
        });
        rest = if digits.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Makes a block after each interval.
async fn mine(node: Arc<RwLock<Node>>, interval: Duration) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let node = Arc::clone(&node);
        let mined = task::spawn_blocking(move || node.write().unwrap_or_else(PoisonError::into_inner).mine());
        match mined.await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "no block"),
            Err(error) => tracing::error!(%error, "no block"),
        }
    }
}
