//! The routes that the requests of a store can take: straight to DynamoDB, or through the user's client.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::KeyedTable;
use super::attempts::sending;
use super::connection::Connection;
use super::credentials::cache::Cache;
use super::failure::translate;
use super::lost::{KeepTable, LostTable};
use super::open;
use super::outage::{Member, Observer, Outage};
use super::redact::Secrets;
use super::region;
use super::settings::ProvideSettings;
use super::shared::Shared;
use super::throttle::Limits;
use crate::core::error::{Error, NO_SUCH_TABLE, Place, Result};
use crate::core::lock::locked;

/// What a store is to its requests.
pub struct StoreContext {
    /// Its table.
    pub table: KeyedTable,
    /// Who is told of outages.
    pub observer: Arc<dyn Observer>,
    /// Who sees to it that the table is there; `None` where nobody does.
    pub keeper: Option<Arc<dyn KeepTable>>,
    /// What it reads to find out whether DynamoDB answers.
    pub probe: Probe,
}

/// The read by which a store finds out whether DynamoDB answers.
#[derive(Clone)]
pub struct Probe {
    /// The key of an item that never exists.
    pub key: String,
    /// Whether the read is strongly consistent, as those of sessions: DynamoDB may answer others while it
    /// cannot answer these.
    pub consistent: bool,
}

/// The routes that requests can take.
pub(super) struct Routes {
    source: Box<dyn ProvideSettings>,
    shared: Arc<Shared>,
    /// `None` inside where requests have to go through the user's client.
    direct: OnceCell<Option<Arc<OnceCell<Connection>>>>,
    through_client: OnceCell<Connection>,
    /// The table, the read of a probe, and who is told of outages, where there is a store.
    store: Option<(KeyedTable, Probe, Arc<dyn Observer>)>,
    /// How many outages there are for the store: of the address, and of its credentials.
    outages: AtomicUsize,
    /// The store as the outages of its connections see it, for as long as there is the store.
    members: Mutex<Vec<Arc<dyn Member>>>,
    lost: Option<LostTable>,
    /// What the table takes, once it is known where that is.
    limits: OnceLock<Arc<Limits>>,
}

/// See `SdkDynamo::locator`.
#[derive(Clone)]
pub struct Locator {
    routes: Weak<Routes>,
    /// The name of the store's table.
    table: Option<String>,
}

impl Locator {
    pub(super) fn new(routes: &Arc<Routes>) -> Self {
        let store = routes.store.as_ref();
        Self {
            routes: Arc::downgrade(routes),
            table: store.map(|(table, ..)| table.name.as_str().to_owned()),
        }
    }

    /// Where requests go, as far as that is known by now.
    pub fn place(&self) -> Place {
        let routes = self.routes.upgrade();
        let place = routes.map_or_else(Place::default, |routes| routes.place());
        Place {
            table: self.table.clone(),
            ..place
        }
    }

    /// The error to show in place of `error`, with which a call has just ended: if its deadline has passed while
    /// there were no credentials, they are what was missing.
    pub fn missing_credentials(&self, error: &Error) -> Option<Error> {
        let routes = self.routes.upgrade().filter(|_| error.is_deadline())?;
        routes.known()?.signer.as_ref()?.missing()
    }
}

impl Routes {
    /// Will connect with the settings that `source` gives.
    pub fn new(
        source: impl ProvideSettings,
        shared: Arc<Shared>,
        store: Option<StoreContext>,
    ) -> Self {
        let (store, keeper) = match store {
            Some(StoreContext {
                table,
                observer,
                keeper,
                probe,
            }) => (Some((table, probe, observer)), keeper),
            None => (None, None),
        };
        Self {
            source: Box::new(source),
            shared,
            direct: OnceCell::new(),
            through_client: OnceCell::new(),
            store,
            outages: AtomicUsize::new(0),
            members: Mutex::default(),
            lost: keeper.map(LostTable::new),
            limits: OnceLock::new(),
        }
    }

    /// How long the source of credentials may take before calls that wait for it fail.
    pub fn credentials_timeout(&self) -> Duration {
        self.source.credentials_timeout()
    }

    /// The way of a request that is sent now.
    pub async fn connection(self: &Arc<Self>) -> Result<&Connection> {
        if !self.source.through_client() {
            let direct = self.direct.get_or_try_init(|| self.connect()).await?;
            if let Some(direct) = direct.as_ref().and_then(|direct| direct.get()) {
                return Ok(direct);
            }
        }
        let connect = || async { self.connect_through_client() };
        self.through_client.get_or_try_init(connect).await
    }

    async fn connect(self: &Arc<Self>) -> Result<Option<Arc<OnceCell<Connection>>>> {
        let Some(settings) = self.source.settings().await? else {
            return Ok(None);
        };
        let environment = self.source.environment();
        let variables = environment.variables().await;
        let surroundings = environment.surroundings();
        let number = surroundings.number();
        let cell = self.shared.connection(&settings, &variables, number);
        let connect = || {
            let surroundings = Arc::clone(surroundings);
            open::direct(&settings, variables, surroundings, &self.shared)
        };
        let connection = cell.get_or_try_init(connect).await?;
        self.join(connection);
        let limits = || match &self.store {
            Some((table, ..)) => {
                let table = table.name.as_str().to_owned();
                connection.limits.of(table, Limits::default)
            }
            // There is nobody to share with.
            None => Arc::default(),
        };
        self.limits.get_or_init(limits);
        Ok(Some(cell))
    }

    fn connect_through_client(self: &Arc<Self>) -> Result<Connection> {
        let client = self.source.client().ok_or_else(|| Error::Settings {
            causes: vec!["the store has no client to send requests through".to_owned()],
        })?;
        let max_sockets = self.source.max_calls().unwrap_or(usize::MAX);
        let connection = open::through(client, self.source.breaker(), max_sockets);
        self.join(&connection);
        Ok(connection)
    }

    /// Has the store told of the outages of `connection`.
    fn join(self: &Arc<Self>, connection: &Connection) {
        let Some((table, probe, observer)) = &self.store else {
            return;
        };
        if connection.lacks_region {
            observer.warn(&Error::NoRegion {
                region: region::DEFAULT_REGION,
            });
        }
        let member: Arc<dyn Member> = Arc::new(Registration {
            routes: Arc::downgrade(self),
            table: table.clone(),
            probe: probe.clone(),
            client: connection.probe.clone(),
            credentials: connection.credentials.clone(),
            signer: connection.signer.clone(),
            secrets: connection.secrets.clone(),
            request_timeout: connection.request_timeout,
        });
        for outage in connection.outages() {
            outage.join(Arc::downgrade(&member));
        }
        let mut members = locked(&self.members);
        members.push(member);
    }

    /// The way that requests go at this moment, if that is known already.
    pub fn known(&self) -> Option<&Connection> {
        let direct = match self.source.through_client() {
            true => None,
            false => self.direct.get()?.as_ref(),
        };
        direct
            .and_then(|direct| direct.get())
            .or_else(|| self.through_client.get())
    }

    /// Whether requests go out from here at this moment, if that is known already.
    pub fn is_direct(&self) -> bool {
        !self.source.through_client() && self.direct.get().is_some_and(Option::is_some)
    }

    pub fn place(&self) -> Place {
        match self.known() {
            Some(connection) if self.is_direct() => Place {
                table: None,
                endpoint: connection.endpoint().cloned(),
                region: connection.region.clone(),
            },
            _ => self
                .source
                .client()
                .map_or_else(Place::default, |client| client.place()),
        }
    }

    /// What an error of an operation for items says of the store's table.
    pub fn about_table(&self, error: Error) -> Error {
        match &self.store {
            Some((table, ..)) => error.of_an_item(table.name.as_str(), &table.hash_key),
            None => error,
        }
    }

    /// What the table takes; `None` before that is known, and where the user's client sends the requests.
    pub fn limits(&self) -> Option<&Limits> {
        self.limits.get().map(|limits| &**limits)
    }

    /// How often a lost table was looked for; `None` where nobody does.
    pub fn searches(&self) -> Option<u64> {
        self.lost.as_ref().map(LostTable::searches)
    }

    /// Whether a request can be sent again that was sent after `searches` and has ended in `error`.
    pub async fn is_table_back(&self, searches: Option<u64>, error: &Error) -> bool {
        match (&self.lost, searches) {
            (Some(lost), Some(searches)) if error.is_service(NO_SUCH_TABLE) => {
                lost.is_back(searches).await
            }
            _ => false,
        }
    }
}

/// A store, as the outages of one of its connections see it. The store may have another way by now:
/// an outage is probed by the connection that it is of.
struct Registration {
    routes: Weak<Routes>,
    table: KeyedTable,
    probe: Probe,
    client: Client,
    credentials: Option<Arc<Outage>>,
    signer: Option<Cache>,
    secrets: Secrets,
    request_timeout: Duration,
}

impl Observer for Registration {
    fn unavailable(&self, reason: &Error) {
        if let Some(routes) = self.routes.upgrade()
            && let Some((.., observer)) = &routes.store
            && routes.outages.fetch_add(1, Ordering::Relaxed) == 0
        {
            observer.unavailable(reason);
        }
    }

    fn available(&self) {
        if let Some(routes) = self.routes.upgrade()
            && let Some((.., observer)) = &routes.store
            && routes.outages.fetch_sub(1, Ordering::Relaxed) == 1
        {
            observer.available();
        }
    }
}

impl Member for Registration {
    fn probe(&self, limit: Duration) -> BoxFuture<'static, ()> {
        let request = GetItemInputBuilder::default()
            .table_name(self.table.name.as_str())
            .set_key(Some(self.table.key(&self.probe.key)))
            .consistent_read(self.probe.consistent);
        let client = self.client.clone();
        let credentials = self.credentials.clone();
        let signer = self.signer.clone();
        let secrets = self.secrets.clone();
        let request_timeout = self.request_timeout;
        Box::pin(async move {
            // What comes of the attempt is noted by the guard, and that there are no credentials by their
            // cache.
            let sent = async {
                let signing = match &signer {
                    Some(signer) => Some(signer.get(limit).await.ok()?),
                    None => None,
                };
                Some(sending(signing, None, request.send_with(&client)).await)
            };
            let sent = tokio::time::timeout(limit, sent).await.ok().flatten();
            let failure = sent.and_then(|(sent, attempts)| Some((sent.err()?, attempts)));
            let error = failure.map(|(error, attempts)| {
                translate(error, request_timeout, &attempts, |text| {
                    secrets.hide(text, None)
                })
            });
            if let (Some(error @ Error::Credentials { .. }), Some(credentials)) =
                (error, credentials)
            {
                credentials.note(Err(&error));
            }
        })
    }
}

impl Drop for Routes {
    fn drop(&mut self) {
        // First this store lets go of its connection, then everybody does whom nobody uses.
        self.direct.take();
        self.shared.sweep();
    }
}
