//! DynamoDB through the AWS SDK for Rust.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemOutput;
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemInputBuilder;
use aws_sdk_dynamodb::operation::create_table::CreateTableOutput;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableInputBuilder;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableOutput;
use aws_sdk_dynamodb::operation::describe_table::builders::DescribeTableInputBuilder;
use aws_sdk_dynamodb::operation::describe_time_to_live::DescribeTimeToLiveOutput;
use aws_sdk_dynamodb::operation::describe_time_to_live::builders::DescribeTimeToLiveInputBuilder;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::operation::update_table::UpdateTableOutput;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableInputBuilder;
use aws_sdk_dynamodb::operation::update_time_to_live::UpdateTimeToLiveOutput;
use aws_sdk_dynamodb::operation::update_time_to_live::builders::UpdateTimeToLiveInputBuilder;
use futures_util::future::BoxFuture;
use tokio::sync::OnceCell;

use super::attempts::counted;
use super::connection::{self, Connection};
use super::failure::translate;
use super::fast::Request as _;
use super::lost::{KeepTable, LostTable};
use super::outage::{Member, Observer};
use super::settings::{MAX_SOCKETS, ProvideSettings};
use super::shared::Shared;
use super::{Answer, Items, KeyedTable, Tables};
use crate::core::error::{Error, FoundItem, Place, Result};

/// What DynamoDB answers where there is no such table.
const NO_SUCH_TABLE: &str = "ResourceNotFoundException";

/// The key of an item that is never there: reading it costs half a read unit.
const PROBE_KEY: &str = "dynamo-session-store:probe";

/// DynamoDB through `aws-sdk-dynamodb`, straight or by way of the user's client. Nothing is read or
/// opened before the first request. A clone is the same.
#[derive(Clone)]
pub struct SdkDynamo(Arc<Ways>);

/// What a store is to its requests.
pub struct StoreContext {
    /// Its table.
    pub table: KeyedTable,
    /// Who is told of outages.
    pub observer: Arc<dyn Observer>,
    /// Who sees to it that the table is there; `None` where nobody does.
    pub keeper: Option<Arc<dyn KeepTable>>,
}

/// The ways that requests can go.
struct Ways {
    source: Box<dyn ProvideSettings>,
    shared: Arc<Shared>,
    /// `None` inside where requests have to go through the user's client.
    direct: OnceCell<Option<Arc<OnceCell<Connection>>>>,
    through_client: OnceCell<Connection>,
    /// The table and who is told of outages, where there is a store.
    store: Option<(KeyedTable, Arc<dyn Observer>)>,
    /// How many outages there are for the store: of the address, and of its credentials.
    outages: AtomicUsize,
    lost: Option<LostTable>,
}

impl SdkDynamo {
    /// Will connect with the settings that `source` gives. Shares nothing with others.
    pub fn new(source: impl ProvideSettings) -> Self {
        Self::with(source, Arc::default(), None, None)
    }

    /// Will connect for a store with the settings that `source` gives, and share `shared` with others.
    pub fn for_store(
        source: impl ProvideSettings,
        shared: Arc<Shared>,
        store: StoreContext,
    ) -> Self {
        let lost = store.keeper.map(LostTable::new);
        Self::with(source, shared, Some((store.table, store.observer)), lost)
    }

    fn with(
        source: impl ProvideSettings,
        shared: Arc<Shared>,
        store: Option<(KeyedTable, Arc<dyn Observer>)>,
        lost: Option<LostTable>,
    ) -> Self {
        Self(Arc::new(Ways {
            source: Box::new(source),
            shared,
            direct: OnceCell::new(),
            through_client: OnceCell::new(),
            store,
            outages: AtomicUsize::new(0),
            lost,
        }))
    }

    /// What says where requests go, and keeps nothing open.
    pub fn locator(&self) -> Locator {
        Locator(Arc::downgrade(&self.0))
    }
}

/// See [`SdkDynamo::locator`].
#[derive(Clone)]
pub struct Locator(Weak<Ways>);

impl Locator {
    /// Where requests go, as far as that is known by now.
    pub fn place(&self) -> Place {
        let ways = self.0.upgrade();
        ways.map_or_else(Place::default, |ways| ways.place())
    }
}

impl Ways {
    /// The way of a request that is sent now.
    async fn connection(self: &Arc<Self>) -> Result<&Connection> {
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
        let cell = self.shared.connection(&settings);
        let connect = || connection::connect(&settings, &self.shared);
        let connection = cell.get_or_try_init(connect).await?;
        self.join(connection);
        Ok(Some(cell))
    }

    fn connect_through_client(self: &Arc<Self>) -> Result<Connection> {
        let client = self.source.client().ok_or_else(|| Error::Settings {
            causes: vec!["there is no client to send requests through".to_owned()],
        })?;
        let max_sockets = self.source.max_calls().unwrap_or(usize::MAX);
        let connection = connection::through(client, self.source.breaker(), max_sockets);
        self.join(&connection);
        Ok(connection)
    }

    /// Has the store told of the outages of `connection`.
    fn join(self: &Arc<Self>, connection: &Connection) {
        if self.store.is_none() {
            return;
        }
        for outage in connection.outages() {
            let member: Weak<Self> = Arc::downgrade(self);
            outage.join(member);
        }
    }

    /// The way that requests go at this moment, if that is known already.
    fn known(&self) -> Option<&Connection> {
        let direct = match self.source.through_client() {
            true => None,
            false => self.direct.get()?.as_ref(),
        };
        direct
            .and_then(|direct| direct.get())
            .or_else(|| self.through_client.get())
    }

    /// Whether requests go out from here at this moment, if that is known already.
    fn is_direct(&self) -> bool {
        !self.source.through_client() && self.direct.get().is_some_and(Option::is_some)
    }

    fn place(&self) -> Place {
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

    /// How often a lost table was looked for; `None` where nobody does.
    fn looks(&self) -> Option<u64> {
        self.lost.as_ref().map(LostTable::looks)
    }

    /// Whether a request can be sent again that was sent after `looks` and has ended in `error`.
    async fn is_table_back(&self, looks: Option<u64>, error: &Error) -> bool {
        match (&self.lost, looks) {
            (Some(lost), Some(looks)) if error.is_service(NO_SUCH_TABLE) => {
                lost.is_back(looks).await
            }
            _ => false,
        }
    }
}

impl Observer for Ways {
    fn unavailable(&self, reason: &Error) {
        if let Some((_, observer)) = &self.store
            && self.outages.fetch_add(1, Ordering::Relaxed) == 0
        {
            observer.unavailable(reason);
        }
    }

    fn available(&self) {
        if let Some((_, observer)) = &self.store
            && self.outages.fetch_sub(1, Ordering::Relaxed) == 1
        {
            observer.available();
        }
    }
}

impl Member for Ways {
    fn probe(&self, limit: Duration) -> BoxFuture<'static, ()> {
        let (Some(connection), Some((table, _))) = (self.known(), &self.store) else {
            return Box::pin(async {});
        };
        let request = GetItemInputBuilder::default()
            .table_name(table.name.as_str())
            .set_key(Some(table.key(PROBE_KEY)));
        let client = connection.probe.clone();
        let credentials = connection.credentials.clone();
        let secrets = connection.secrets.clone();
        let request_timeout = connection.request_timeout;
        Box::pin(async move {
            // What comes of the attempt is noted by the guard, but without credentials there is none.
            let sent = counted(request.send_with(&client));
            let sent = tokio::time::timeout(limit, sent).await;
            let failure = sent
                .ok()
                .and_then(|(sent, attempts)| Some((sent.err()?, attempts)));
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

/// Sends `$request` through `$client` and translates the error: the same for every operation, whose
/// types have no trait in common. `$body` is what the request says, where that may be quoted.
macro_rules! send_through {
    ($client:expr, $request:expr, $body:expr, $connection:expr) => {
        send_through!($client, $request, $body, $connection, |_| None)
    };
    ($client:expr, $request:expr, $body:expr, $connection:expr, $refused:expr) => {{
        let body: Option<&[u8]> = $body;
        let (answer, attempts) = counted($request.send_with($client)).await;
        answer.map_err(|error| {
            let error = $refused(&error).unwrap_or_else(|| {
                let hide = |text: &str| $connection.secrets.hide(text, body);
                translate(error, $connection.request_timeout, &attempts, hide)
            });
            $connection.note(&error);
            error
        })
    }};
}

/// Sends `$request` by the SDK, a second time where the table was lost and is back.
macro_rules! send_again {
    ($ways:expr, $client:expr, $request:expr, $body:expr, $connection:expr, $refused:expr) => {{
        let looks = $ways.looks();
        let again = looks.map(|_| $request.clone());
        let body: Option<&[u8]> = $body;
        let answer = send_through!($client, $request, body, $connection, $refused);
        match (answer, again) {
            (Err(error), Some(request)) if $ways.is_table_back(looks, &error).await => {
                send_through!(&$connection.client, request, body, $connection, $refused)
            }
            (answer, _) => answer,
        }
    }};
}

/// Sends `$request` for items: by the fast path where there is one, else by the SDK.
///
/// `$refused` says what an error is that means more for this operation.
macro_rules! send_fast {
    ($self:expr, $request:expr) => {
        send_fast!($self, $request, |_| None)
    };
    ($self:expr, $request:expr, $refused:expr) => {{
        let ways = Arc::clone(&$self.0);
        Box::pin(async move {
            let connection = ways.connection().await?;
            connection.admit()?;
            let sent = match &connection.fast {
                Some(fast) => fast.send(&$request).await,
                None => Err(connection.client.clone()),
            };
            match sent {
                Ok(answer) => Ok(answer),
                Err(client) => {
                    let body = $request.to_json().ok();
                    send_again!(
                        ways,
                        &client,
                        $request,
                        body.as_deref(),
                        connection,
                        $refused
                    )
                }
            }
        })
    }};
}

/// Sends `$request` for items by the SDK.
macro_rules! send_slow {
    ($self:expr, $request:expr) => {{
        let ways = Arc::clone(&$self.0);
        Box::pin(async move {
            let connection = ways.connection().await?;
            connection.admit()?;
            send_again!(ways, &connection.client, $request, None, connection, |_| {
                None
            })
        })
    }};
}

/// Sends `$request` for tables by the SDK.
macro_rules! send {
    ($self:expr, $request:expr) => {{
        let ways = Arc::clone(&$self.0);
        Box::pin(async move {
            let connection = ways.connection().await?;
            connection.admit()?;
            send_through!(&connection.client, $request, None, connection)
        })
    }};
}

impl Items for SdkDynamo {
    fn prepare(&self) -> Answer<()> {
        let ways = Arc::clone(&self.0);
        Box::pin(async move { ways.connection().await.map(|_| ()) })
    }

    /// Not through the user's client: it is called with the very commands that the user would
    /// send.
    fn merges(&self) -> bool {
        self.0.is_direct()
    }

    fn max_requests(&self) -> usize {
        self.0
            .known()
            .map_or(MAX_SOCKETS, |known| known.max_sockets)
    }

    fn get_item(&self, request: GetItemInputBuilder) -> Answer<GetItemOutput> {
        send_fast!(self, request)
    }

    fn put_item(&self, request: PutItemInputBuilder) -> Answer<PutItemOutput> {
        send_fast!(self, request, refused_put)
    }

    fn update_item(&self, request: UpdateItemInputBuilder) -> Answer<UpdateItemOutput> {
        send_fast!(self, request)
    }

    fn delete_item(&self, request: DeleteItemInputBuilder) -> Answer<DeleteItemOutput> {
        send_fast!(self, request)
    }

    fn batch_get_item(&self, request: BatchGetItemInputBuilder) -> Answer<BatchGetItemOutput> {
        send_fast!(self, request)
    }

    fn batch_write_item(
        &self,
        request: BatchWriteItemInputBuilder,
    ) -> Answer<BatchWriteItemOutput> {
        send_fast!(self, request)
    }

    fn query(&self, request: QueryInputBuilder) -> Answer<QueryOutput> {
        send_slow!(self, request)
    }

    fn scan(&self, request: ScanInputBuilder) -> Answer<ScanOutput> {
        send_slow!(self, request)
    }
}

impl Tables for SdkDynamo {
    fn describe_table(&self, request: DescribeTableInputBuilder) -> Answer<DescribeTableOutput> {
        send!(self, request)
    }

    fn create_table(&self, request: CreateTableInputBuilder) -> Answer<CreateTableOutput> {
        send!(self, request)
    }

    fn update_table(&self, request: UpdateTableInputBuilder) -> Answer<UpdateTableOutput> {
        send!(self, request)
    }

    fn describe_time_to_live(
        &self,
        request: DescribeTimeToLiveInputBuilder,
    ) -> Answer<DescribeTimeToLiveOutput> {
        send!(self, request)
    }

    fn update_time_to_live(
        &self,
        request: UpdateTimeToLiveInputBuilder,
    ) -> Answer<UpdateTimeToLiveOutput> {
        send!(self, request)
    }
}

/// A write whose condition does not hold: with it comes what is there, where that was asked for.
fn refused_put(error: &SdkError<PutItemError, HttpResponse>) -> Option<Error> {
    match error.as_service_error()? {
        PutItemError::ConditionalCheckFailedException(refused) => {
            let found = refused.item.clone();
            Some(Error::ConditionFailed {
                found: found.map(|item| FoundItem(Box::new(item))),
            })
        }
        _ => None,
    }
}
