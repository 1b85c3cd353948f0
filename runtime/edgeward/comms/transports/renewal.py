"""New papers while records flow: each step is kept before the next, and none ends a connection.

Call `renew` whenever there is time; it does what is due and says where it has come to. Whatever
kills it in between, the next call goes on.
"""

from edgeward.comms.delivery.transport import UnauthorisedError
from edgeward.comms.transports.https import HttpsTransport
from edgeward.comms.trust.secure_time import SecureTime
from edgeward.comms.trust.wallet import Stage, Wallet
from edgeward.errors import TrustError


def renew(
    wallet: Wallet, transport: HttpsTransport, time: SecureTime, *, rotation_days: int
) -> Stage:
    """Go as far as it goes towards new papers, when they are due.

    Raises:
        DeliveryError: the receiver is not there, signs nothing, or refuses the new papers: asked
            again later, it goes on from here. After some refusals they are given up.
        TrustError: what it signed is not what was asked for.
        StoreError: the disk refused; nothing was changed.
    """
    if wallet.stage is Stage.NONE and not wallet.due(time.now(), rotation_days):
        return Stage.NONE
    if wallet.stage in (Stage.NONE, Stage.REQUESTED):
        wallet.issued(transport.sign(wallet.begin()))
    papers = wallet.trying()
    try:
        greeted = transport.try_papers(papers)
    except UnauthorisedError:
        wallet.refused()
        raise
    try:
        wallet.confirmed(greeted.serial)
    except TrustError:
        greeted.connection.close()
        wallet.refused()
        raise
    except BaseException:
        greeted.connection.close()
        raise
    transport.adopt(greeted)
    return wallet.stage
