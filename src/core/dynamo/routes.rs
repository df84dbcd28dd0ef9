//! The routes of a store's requests: directly to DynamoDB, or through the user's client.

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
use super::ways::Ways;
use crate::core::error::{Error, NO_SUCH_TABLE, Place, Result};
use crate::core::lock::locked;

/// The store that sends the requests.
pub struct StoreContext {
    /// Its table.
    pub table: KeyedTable,
    /// Learns of outages.
    pub observer: Arc<dyn Observer>,
    /// Recovers a lost table. `None`: a lost table is an error.
    pub keeper: Option<Arc<dyn KeepTable>>,
    /// The read that finds out whether DynamoDB answers.
    pub probe: Probe,
}

/// The read by which a store finds out whether DynamoDB answers.
#[derive(Clone)]
pub struct Probe {
    /// The key of an item that never exists.
    pub key: String,
    /// Whether the read is strongly consistent, as the reads of sessions are: DynamoDB may answer eventually
    /// consistent reads while it cannot answer strongly consistent ones.
    pub consistent: bool,
}

/// See the [module](self).
pub(super) struct Routes {
    source: Box<dyn ProvideSettings>,
    shared: Arc<Shared>,
    /// The direct connection. Set to `None` if requests must go through the user's client.
    direct: OnceCell<Option<Arc<OnceCell<Connection>>>>,
    through_client: OnceCell<Connection>,
    /// The table, the probe and the observer of the store, if there is one.
    store: Option<(KeyedTable, Probe, Arc<dyn Observer>)>,
    /// The number of present outages: of the address, and of the credentials.
    outages: AtomicUsize,
    /// Keeps the store a member of the outages of its connections.
    members: Mutex<Vec<Arc<dyn Member>>>,
    lost: Option<LostTable>,
    /// The limits of the table, once the direct connection is known.
    limits: OnceLock<Arc<Limits>>,
}

/// Knows the place that requests go to, for errors. See `SdkDynamo::locator`.
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

    /// The table, endpoint and region of the requests, as far as they are known by now.
    pub fn place(&self) -> Place {
        let routes = self.routes.upgrade();
        let place = routes.map_or_else(Place::default, |routes| routes.place());
        Place {
            table: self.table.clone(),
            ..place
        }
    }

    /// The error to show instead of `error`, with which a call just ended. If the call's deadline passed and the
    /// credential source has not answered yet, the missing credentials are the reason.
    pub fn missing_credentials(&self, error: &Error) -> Option<Error> {
        let routes = self.routes.upgrade().filter(|_| error.is_deadline())?;
        routes.known()?.signer.as_ref()?.missing()
    }
}

impl Routes {
    /// Connects with the settings of `source`, at the first request.
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

    /// The time that the credential source has before waiting calls fail.
    pub fn credentials_timeout(&self) -> Duration {
        self.source.credentials_timeout()
    }

    /// The connection of a request that is sent now. The first request opens it.
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
            // Without a store, no limits are shared.
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

    /// Makes the store a member of the outages of `connection`.
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

    /// The present connection, if it is already open.
    pub fn known(&self) -> Option<&Connection> {
        let direct = match self.source.through_client() {
            true => None,
            false => self.direct.get()?.as_ref(),
        };
        direct
            .and_then(|direct| direct.get())
            .or_else(|| self.through_client.get())
    }

    /// Whether requests go directly to DynamoDB at this moment. `false` if this is not known yet.
    pub fn is_direct(&self) -> bool {
        !self.source.through_client() && self.direct.get().is_some_and(Option::is_some)
    }

    /// The ways of the requests, see `SdkDynamo::ways`.
    pub async fn ways(self: &Arc<Self>) -> Result<Option<Ways>> {
        let connection = self.connection().await?;
        if connection.signer.is_none() {
            return Ok(None);
        }
        let credentials = connection.credentials(self.credentials_timeout()).await;
        let end = credentials.map(|given| given.and_then(|given| given.expiry()));
        let origins = &connection.origins;
        Ok(Some(Ways {
            region: connection.region.clone(),
            region_from: origins.region,
            endpoint: connection.endpoint().cloned(),
            endpoint_from: origins.endpoint,
            credentials: origins.credentials(end),
        }))
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

    /// Adds the store's table to an error of an operation for items.
    pub fn about_table(&self, error: Error) -> Error {
        match &self.store {
            Some((table, ..)) => error.of_an_item(table.name.as_str(), &table.hash_key),
            None => error,
        }
    }

    /// The limits of the table. `None` before the first direct request.
    pub fn limits(&self) -> Option<&Limits> {
        self.limits.get().map(|limits| &**limits)
    }

    /// The number of searches for a lost table so far. `None` if the store does not look for it.
    pub fn searches(&self) -> Option<u64> {
        self.lost.as_ref().map(LostTable::searches)
    }

    /// After a request ended in `error`: if the table is missing, looks for it. Returns whether the request can be
    /// sent again. `searches` is the number of searches before the request was sent.
    pub async fn is_table_back(&self, searches: Option<u64>, error: &Error) -> bool {
        match (&self.lost, searches) {
            (Some(lost), Some(searches)) if error.is_service(NO_SUCH_TABLE) => {
                lost.is_back(searches).await
            }
            _ => false,
        }
    }
}

/// A store as a member of the outages of one connection. Probes use this connection, even if the store has another
/// route by now.
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
            // The guard notes the outcome of the attempt, and the cache notes missing credentials.
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
        // First drop this store's connection, then drop shared entries without users.
        self.direct.take();
        self.shared.sweep();
    }
}
