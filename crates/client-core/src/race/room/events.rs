//! Applying a room's events, and the notices made of them.

use domain::PenaltyReason;
use protocol::lobby::Phase;
use protocol::room::{LeaveReason, RoomEvent, RoomEventBody, SeatView};
use protocol::{PlayerName, Seat};

use super::{IdleWarning, RoomClient, lap_time};
use crate::notice::Notice;

impl RoomClient {
    /// Applies an event and returns the notices for the player `own`.
    pub(in crate::race) fn event(
        &mut self,
        event: &RoomEvent,
        own: Option<&PlayerName>,
    ) -> Vec<Notice> {
        let is_own = |player: &PlayerName| own == Some(player);
        let notice = match &event.body {
            RoomEventBody::Joined {
                player,
                seat,
                class,
                ai,
                ..
            } => {
                let is_new = self
                    .seat_view(*seat)
                    .is_none_or(|view| view.player != *player);
                self.put_seat(SeatView {
                    seat: *seat,
                    player: player.clone(),
                    connected: true,
                    class: *class,
                    ai: *ai,
                });
                (is_new && !is_own(player)).then(|| Notice::info(format!("{player} joined")))
            }
            RoomEventBody::ClassChosen { seat, class, .. } => {
                if let Some(view) = self.seat_view_mut(*seat) {
                    view.class = *class;
                }
                None
            }
            RoomEventBody::HostChanged { player } => {
                self.view.host = Some(player.clone());
                is_own(player).then(|| Notice::info("the room is yours: you may fill it with AI"))
            }
            RoomEventBody::Left {
                player,
                seat,
                reason,
                ..
            } => {
                self.view.seats.retain(|view| view.seat != *seat);
                Some(Notice::warning(match reason {
                    LeaveReason::Idle if is_own(player) => {
                        "you did nothing for too long and have left the room".to_owned()
                    }
                    LeaveReason::Idle => format!("{player} did nothing and has left"),
                    LeaveReason::Moved if is_own(player) => {
                        "you have taken a seat in another room".to_owned()
                    }
                    LeaveReason::OwnWish | LeaveReason::Lost | LeaveReason::Moved => {
                        format!("{player} left")
                    }
                }))
            }
            RoomEventBody::IdleWarning {
                player, seconds, ..
            } => {
                if is_own(player) {
                    self.idle_warning = Some(IdleWarning {
                        seconds: *seconds,
                        is_driver: self.view.phase == Phase::Racing,
                    });
                }
                None
            }
            RoomEventBody::Lost { player, seat } => {
                self.set_connected(*seat, false);
                Some(Notice::warning(format!("{player} disconnected")))
            }
            RoomEventBody::Returned { player, seat } => {
                self.set_connected(*seat, true);
                (!is_own(player)).then(|| Notice::info(format!("{player} is back")))
            }
            RoomEventBody::Countdown { start_tick, .. } => {
                self.view.phase = Phase::Countdown;
                self.view.start_tick = Some(*start_tick);
                self.begin();
                None
            }
            RoomEventBody::Started => {
                self.view.phase = Phase::Racing;
                Some(Notice::success("go!"))
            }
            RoomEventBody::Lap {
                player,
                lap,
                time_ms,
                ..
            } => {
                let text = format!("{player}: lap {lap} in {}", lap_time(*time_ms));
                Some(if is_own(player) {
                    Notice::success(text)
                } else {
                    Notice::info(text)
                })
            }
            RoomEventBody::Penalty {
                player,
                metres,
                reason,
                ..
            } => {
                let what = match reason {
                    PenaltyReason::Traffic => "hit the traffic",
                    PenaltyReason::OffRoad => "left the road",
                };
                let text = format!("{player} {what}: −{metres} m");
                Some(if is_own(player) {
                    Notice::warning(text)
                } else {
                    Notice::info(text)
                })
            }
            RoomEventBody::Finished { player, place, .. } => {
                Some(Notice::info(format!("{player} finished in place {place}")))
            }
            RoomEventBody::Winner { player, .. } => {
                self.winner = Some(player.clone());
                Some(Notice::success(format!("{player} wins the race!")))
            }
            RoomEventBody::Closed { .. } => None,
        };
        notice.into_iter().collect()
    }

    fn seat_view_mut(&mut self, seat: Seat) -> Option<&mut SeatView> {
        self.view.seats.iter_mut().find(|view| view.seat == seat)
    }

    fn set_connected(&mut self, seat: Seat, connected: bool) {
        if let Some(view) = self.seat_view_mut(seat) {
            view.connected = connected;
        }
    }

    fn put_seat(&mut self, view: SeatView) {
        let seats = &mut self.view.seats;
        let at = seats.partition_point(|other| other.seat < view.seat);
        match seats.get_mut(at) {
            Some(present) if present.seat == view.seat => *present = view,
            Some(_) | None => seats.insert(at, view),
        }
    }
}
