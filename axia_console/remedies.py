"""What the checks of an order advise, in Japanese. What they found stays as logs have it; what is not here, too."""

from __future__ import annotations

from axia_console.words import JA, Words

JAPANESE = {
    "send it again if it is still wanted": "まだ必要なら送り直してください",
    "set the sender's clock": "送信元の時計を合わせてください",
    "send it again after Sunday 17:00 New York": "ニューヨーク時間 日曜 17:00 以降に送り直してください",
    "no entries before the next New York close": "次の NY クローズまで新規注文はできません",
    "a person looks, and releases the kill switch: from there it counts anew": (
        "担当者が確認し、緊急停止スイッチを解除してください。そこから数え直します"
    ),
    "it is refused for want of a fact; check the terminal, and send it again": (
        "判定に必要な情報がないため拒否されます。ターミナルを確認し、送り直してください"
    ),
    "send a smaller order": "注文ロットを小さくしてください",
    "close a position or cancel an order first": "先にポジションを決済するか、注文を取り消してください",
    "send it again in a minute": "1 分後に送り直してください",
    "wait, if it is meant twice": "意図した 2 件目なら、時間をおいて送ってください",
    "check the terminal": "ターミナルを確認してください",
    "wait for a narrower market": "スプレッドが縮小するまで待ってください",
    "check the price for a wrong digit": "価格の桁を確認してください",
    "send it with sl_price": "損切りを指定してください",
    "put each on its side": "損切りと利食いを正しい側に置いてください",
    "move it further away": "もっと離してください",
    "leave lot_size out; use CLOSE or CANCEL to make it smaller": (
        "ロットは指定しないでください。減らすには決済か取消を使います"
    ),
    "correct it": "修正してください",
    "a new order needs a new order_id": "新しい注文には新しい order_id が必要です",
    "see `axia order show`": "`axia order show` を参照してください",
    "see `axia kill-switch status`": "`axia kill-switch status` を参照してください",
    "see `axia order list --open`": "`axia order list --open` を参照してください",
    "it is placed once the market opens, unless it expires before": "期限内であれば、市場が開き次第発注されます",
    "correct the order": "注文を修正してください",
    "start the terminal, or see its log": "ターミナルを起動するか、ログを確認してください",
}


def remedy_in(words: Words, remedy: str) -> str:
    """The advice in the language of the page."""
    return JAPANESE.get(remedy, remedy) if words is JA else remedy
