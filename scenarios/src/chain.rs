//! A chain of services, each calling the next: the smallest world for questions about latency, retries and partitions.

use std::rc::Rc;

use gridlock_sim::dist::Dist;
use gridlock_sim::engine::{Draws, SimDuration};
use gridlock_sim::grpc::{Client, ClientPolicy, Context, Message, Server, ServerPolicy, Site, Status};
use gridlock_sim::http::{self, HttpServer};
use gridlock_sim::net::{LinkSpec, TcpSpec};
use gridlock_sim::process::ProcessSpec;
use gridlock_sim::stage::Stage;
use gridlock_sim::units::Bytes;
use gridlock_sim::workload::Visit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const GRPC: u16 = 50051;
/// Where the first service takes requests that go down the whole chain.
const DEEP: u16 = 8080;
/// Where it answers trivial requests by itself.
const TRIVIAL: u16 = 8081;
const ANSWER_BYTES: u32 = 16;

/// What customers of a chain want: `requests` go down to the last service, `trivial` ones are answered by the first.
pub const CLASSES: [&str; 2] = ["requests", "trivial"];
/// The host all customers share.
pub const CUSTOMERS: &str = "customers";

/// A chain of services from front to back.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChainSpec {
    /// Every link between two hosts.
    #[serde(default)]
    pub link: LinkSpec,
    /// How all kernels are set.
    #[serde(default)]
    pub tcp: TcpSpec,
    /// Names of the services, front first; at least one.
    pub services: Vec<String>,
    /// The message of a request, on every hop. At most a mebibyte.
    #[serde(default = "request_bytes")]
    pub request: Bytes,
    /// CPU of a trivial request at the first service.
    #[serde(default = "trivial_cpu")]
    pub trivial_cpu: SimDuration,
    /// CPU of the first service to read one request of a customer and write its answer.
    #[serde(default = "door_cpu")]
    pub door_cpu: SimDuration,
    /// Every service but the last.
    #[serde(default)]
    pub each: LayerSpec,
    /// The last service.
    #[serde(default)]
    pub last: LayerSpec,
}

/// One service of a chain.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LayerSpec {
    /// Heap and restarts.
    pub process: ProcessSpec,
    /// Limits of the gRPC server.
    pub server: ServerPolicy,
    /// Computing for one request, before the next service is called.
    pub cpu: Dist,
    /// Waiting for one request without computing (a disk, another system).
    pub wait: Dist,
    /// Heap held by one request beyond what gRPC itself needs.
    pub request_state: Bytes,
    /// How it calls the next service.
    pub client: ClientPolicy,
}

impl Default for LayerSpec {
    /// A millisecond of computing, no waiting: a service that only passes on.
    fn default() -> Self {
        Self {
            process: ProcessSpec::default(),
            server: ServerPolicy::default(),
            cpu: Dist::Constant(SimDuration::from_millis(1)),
            wait: Dist::Constant(SimDuration::ZERO),
            request_state: Bytes(8 << 10),
            client: ClientPolicy::default(),
        }
    }
}

/// An id and a short text.
fn request_bytes() -> Bytes {
    Bytes(34)
}

fn trivial_cpu() -> SimDuration {
    SimDuration::from_micros(100)
}

fn door_cpu() -> SimDuration {
    SimDuration::from_micros(300)
}

/// The code of one service of a chain.
struct Layer {
    site: Site,
    spec: LayerSpec,
    cpu: Draws,
    wait: Draws,
    next: Option<Client>,
}

// ANCHOR: layer
impl Layer {
    async fn serve(self: Rc<Self>, call: Context, request: Message) -> Result<Message, Status> {
        let id = request.get::<u64>().copied().unwrap_or(0);
        let _state = self.site.process.hold(self.spec.request_state.0);
        self.site.process.cpu(self.spec.cpu.sample(&mut self.cpu.at(id))).await;
        let wait = self.spec.wait.sample(&mut self.wait.at(id));
        if wait > SimDuration::ZERO {
            self.site.process.sleep(wait).await;
        }
        match &self.next {
            Some(next) => next.call("Serve", request, Some(&call)).await,
            None => Ok(Message::new(ANSWER_BYTES, ())),
        }
    }
}
// ANCHOR_END: layer

/// Builds the chain on a stage; [`Stage::start`] brings it up.
pub fn build(stage: &Stage, spec: &ChainSpec) {
    stage.net().add_host(CUSTOMERS);
    let sites: Vec<Site> =
        spec.services.iter().enumerate().map(|(n, name)| stage.service(name, spec.layer(n).process.clone())).collect();
    for (n, site) in sites.iter().enumerate() {
        let next = sites.get(n + 1).map(|next| (next.host, spec.services[n + 1].clone()));
        let (stage, spec, site, layer) = (stage.clone(), spec.clone(), site.clone(), spec.layer(n).clone());
        site.process.clone().on_start(move || {
            let name = &spec.services[n];
            let service = Rc::new(Layer {
                cpu: stage.sim().draws(&format!("{name}/cpu")),
                wait: stage.sim().draws(&format!("{name}/wait")),
                next: next.as_ref().map(|(host, next)| {
                    Client::new(&site, &format!("{name}->{next}"), &[(*host, GRPC)], layer.client.clone())
                }),
                site: site.clone(),
                spec: layer.clone(),
            });
            if n == 0 {
                open_doors(&site, &spec, &service);
            }
            Server::listen(&site, GRPC, layer.server.clone())
                .expect("a fresh process owns its ports")
                .method("Serve", move |call, request| service.clone().serve(call, request));
        });
    }
}

fn open_doors(site: &Site, spec: &ChainSpec, service: &Rc<Layer>) {
    let (deep, process, cpu) = (service.clone(), site.process.clone(), spec.trivial_cpu);
    HttpServer::listen(site, DEEP, spec.door_cpu, move |visit, request| deep.clone().serve(visit, request))
        .expect("a fresh process owns its ports");
    HttpServer::listen(site, TRIVIAL, SimDuration::ZERO, move |_, _| {
        let process = process.clone();
        async move {
            process.cpu(cpu).await;
            Ok(Message::new(ANSWER_BYTES, ()))
        }
    })
    .expect("a fresh process owns its ports");
}

/// One visit of a customer of `class`.
pub fn visit(stage: &Stage, spec: &ChainSpec, class: &str, customer: u64) -> Visit {
    let net = stage.net().clone();
    let port = if class == "requests" { DEEP } else { TRIVIAL };
    let host = |name: &str| net.host(name).expect("the chain has built its hosts");
    let (from, to) = (host(CUSTOMERS), host(&spec.services[0]));
    let bytes = u32::try_from(spec.request.0).expect("checked");
    Box::pin(async move {
        let reply = http::request(&net, from, (to, port), Message::new(bytes, customer)).await;
        reply.map(|_| ()).map_err(|status| status.code)
    })
}

impl ChainSpec {
    /// The parameters of the `n`-th service.
    fn layer(&self, n: usize) -> &LayerSpec {
        if n + 1 == self.services.len() { &self.last } else { &self.each }
    }
}

/// Who talks to whom: customers to the first service, every service to the next.
pub(crate) fn links(spec: &ChainSpec) -> Vec<(String, String)> {
    let callers = [CUSTOMERS].into_iter().chain(spec.services.iter().map(String::as_str));
    callers.zip(&spec.services).map(|(caller, callee)| (caller.to_owned(), callee.clone())).collect()
}

/// The longest chain: every request passes all of it.
const SERVICES_MAX: usize = 32;

/// The largest message of a request: a quarter of what gRPC accepts (A2).
const REQUEST_BYTES_MAX: u64 = 1 << 20;

/// Problems of the parameters, each as `<path>: <message>`.
pub(crate) fn check(spec: &ChainSpec) -> Result<(), Vec<String>> {
    let mut problems = Vec::new();
    let path = "world.chain.services";
    if spec.services.is_empty() {
        problems.push(format!("{path}: a chain needs at least one service"));
    }
    if spec.services.len() > SERVICES_MAX {
        problems.push(format!("{path}: a chain has at most {SERVICES_MAX} services"));
    }
    if spec.request.0 > REQUEST_BYTES_MAX {
        problems.push(format!("world.chain.request: a request has at most {}", Bytes(REQUEST_BYTES_MAX)));
    }
    for (layer, spec) in [("each", &spec.each), ("last", &spec.last)] {
        let client = spec.client.problems().into_iter().map(|problem| ("client", problem));
        let server = spec.server.problems().into_iter().map(|problem| ("server", problem));
        let told = client.chain(server);
        problems.extend(told.map(|(part, (field, say))| format!("world.chain.{layer}.{part}.{field}: {say}")));
    }
    for (n, name) in spec.services.iter().enumerate() {
        if name.is_empty() || name == CUSTOMERS || name.contains(['/', '"', '>', '.']) {
            problems.push(format!("{path}.{n}: `{name}` cannot be the name of a service"));
        }
        if spec.services[..n].contains(name) {
            problems.push(format!("{path}.{n}: `{name}` is there twice"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}
