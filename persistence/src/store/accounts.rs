//! Sign-up and log-in.

use protocol::account::{Account, Credentials, Password};
use protocol::{PlayerId, PlayerName, RequestId, UnixMillis};
use sea_orm::{ActiveValue::Set, EntityTrait, SqlErr};

use super::connections::Connections;
use super::write::millis;
use super::{READ_TIMEOUT, Store, WRITE_TIMEOUT, bounded};
use crate::entity::player;
use crate::error::{StoreError, chain};

impl Store {
    /// Creates an account. The same request again gets the first answer.
    ///
    /// # Errors
    /// When the password is outside its limits, the name is taken or an AI
    /// driver's, or the database is unavailable.
    pub async fn signup(
        &self,
        credentials: Credentials,
        now: UnixMillis,
    ) -> Result<Account, StoreError> {
        let Credentials {
            name,
            password,
            request,
        } = credentials;
        name.expect_person().map_err(StoreError::BadName)?;
        password.check().map_err(StoreError::BadPassword)?;
        let connections = self.pool.prepared().await?;
        // Avoids hashing in vain; the insert decides.
        if let Some(row) = self.find(&name.id()).await? {
            return self.answer_again(row, name, password, request).await;
        }
        let row = player::Model {
            id: name.id().into(),
            name: name.to_string(),
            password_hash: self.passwords.hash(password.clone()).await?,
            created_at: millis(now),
            request: request.map(|request| request.to_string()),
        };
        let inserted = self.insert(&connections, row).await;
        match self.pool.watched(&connections, inserted).await {
            Ok(()) => Ok(new_account(name)),
            Err(StoreError::Database { source, .. })
                if matches!(source.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) =>
            {
                match self.find(&name.id()).await? {
                    Some(row) => self.answer_again(row, name, password, request).await,
                    None => Err(StoreError::NameTaken(name)),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Writes an account and looks on another connection whether it is there.
    async fn insert(
        &self,
        connections: &Connections,
        row: player::Model,
    ) -> Result<(), StoreError> {
        let (id, hash) = (row.id.clone(), row.password_hash.clone());
        let row = player::ActiveModel {
            id: Set(row.id),
            name: Set(row.name),
            password_hash: Set(row.password_hash),
            created_at: Set(row.created_at),
            request: Set(row.request),
        };
        let insert = player::Entity::insert(row).exec_without_returning(&connections.database);
        bounded("make an account", WRITE_TIMEOUT, insert).await?;
        self.see(connections, &id, &hash).await
    }

    async fn see(&self, connections: &Connections, id: &str, hash: &str) -> Result<(), StoreError> {
        let check = self.pool.check(connections)?;
        let found = player::Entity::find_by_id(id).one(&check.database);
        let found = bounded("see an account", READ_TIMEOUT, found).await;
        check.end().await;
        match found? {
            Some(found) if found.password_hash == hash => Ok(()),
            Some(_) | None => Err(StoreError::NotSeen("an account")),
        }
    }

    /// The answer to a sign-up whose name has an account: that of the request that
    /// created it, if this is the same request of the same person.
    async fn answer_again(
        &self,
        row: player::Model,
        name: PlayerName,
        password: Password,
        request: Option<RequestId>,
    ) -> Result<Account, StoreError> {
        let request = request.map(|request| request.to_string());
        let is_same_request = request.is_some() && request == row.request;
        let hash = row.password_hash;
        if is_same_request && self.passwords.verify(password, Some(hash.clone())).await? {
            let connections = self.pool.prepared().await?;
            let seen = self.see(&connections, &row.id, &hash).await;
            self.pool.watched(&connections, seen).await?;
            let as_chosen = PlayerName::parse(&row.name).unwrap_or(name);
            return Ok(new_account(as_chosen));
        }
        Err(StoreError::NameTaken(name))
    }

    /// Checks a password. An unknown player takes as long as a wrong password, and gives
    /// the same error.
    ///
    /// # Errors
    /// When the credentials are wrong or the database is unavailable.
    pub async fn login(&self, credentials: Credentials) -> Result<Account, StoreError> {
        let found = self.find(&credentials.name.id()).await?;
        let (name, hash) = found.map(|row| (row.name, row.password_hash)).unzip();
        if !self.passwords.verify(credentials.password, hash).await? {
            return Err(StoreError::WrongCredentials);
        }
        let name = name.and_then(|name| PlayerName::parse(&name).ok());
        let name = name.ok_or(StoreError::WrongCredentials)?;
        // A greeting: without it a person can race all the same.
        let last_race = self.last_race(&name.id()).await.unwrap_or_else(|error| {
            tracing::debug!(error = chain(&error), "logged in without the last race");
            None
        });
        Ok(Account { name, last_race })
    }

    async fn find(&self, player: &PlayerId) -> Result<Option<player::Model>, StoreError> {
        let database = self.database();
        let row = player::Entity::find_by_id(player.as_str()).one(&database);
        bounded("find an account", READ_TIMEOUT, row).await
    }
}

fn new_account(name: PlayerName) -> Account {
    Account {
        name,
        last_race: None,
    }
}
