"""tf.strings.unicode_script: which script a character belongs to.

The scripts of all code points are kept as runs: 1587 lengths and numbers, compressed. They are those of Unicode's
Scripts.txt under ICU's numbers, as tf.strings.unicode_script of all code points gives them.
"""

from __future__ import annotations

import base64
import functools
import zlib
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..op import op, public
from ..ragged.dispatch import FLAT
from ..tensor import as_tensor

RUNS = 1587
TABLE = (
    "c-o~`Yp*3m740($a~<*OT*r$?MnqJ=cUM(EEs^LKKWK(TiKzIcyHEEviYOT{hyfCa4-yq65q0AGt$aX5@h$!|*Iv82?>WQV856Q@_vx<MRlO"
    "f;?_D=rXS=v6TkU82k}ka~PVVom_T(kRtBDgCVZSRNJ8`1`C*C4=%AF6(!*U03qnr@RoLZgAPQ6r)$E&V@S6&8hxD4KO1-$vvc#Rx~*X`hq$"
    "KWQ(Zj#qt5;q?qyIIa&BSd!1!OP{!xEi?S^>RaYgS-uRdnWIYcM{hU*JXehZjpROA%#T4wYAirkr^v_A8_w&a@$7)_}rfAa<8niBglGxZ@mx"
    "TzLM2CQQ}zWl5CAXtdtC20F7pL3Gpu88);;HQcju!-m7?_y?dFQCa~bNVs(JKoPmaCvcv39u95=*Y2^?<2Rfoc@>bxnLG~V1HP+B${T}S_N%"
    "=f*>h|pRd*q%2IVagUId@h*U^x4TJaT^P(^$9<jjuj0=kX1N>akujfKYN9$Dxs|_RK<k&G>0*bRaWq+U<a2a2s7GpOsJRPS?xzuaHkjDdnwl"
    "tGq0D@$xkAb@>VKQR3Z4xKHl;_7n1i{9JLD+;z9yEg$=)0IlreE8mhY0r$)O56MFh%7b4P#mD8tis$4xX#QW~Z}M09xBOk+uXsQnknaOu1b!"
    ";t1Hpd;{Bpr}fX8>Rdi<h+-vd7eehvHrxK4fm{EYaMJSk89M|SZ~;*atN`IY=O;djI{J9u^rf0oBIt4A?>5cr`yD&Hl(3Vdk6U*uE7g{QLT5"
    "!VZH;d$H+&wyKp@|1jSM&j&}4f`pG|2MuMie|w-68;5z1NaRw)8@tEqK}`+<i+6h4l<^5;iBter8hrC7xgNmtMTLX*$poG8bf9D(G{`IV}ap"
    "-H~n?#?l_j7C@{q_x;!?zu4^&kD?A0SH=VCz6J3wxRqXYPs)H_B;B(wMOhPrx4m#v15e9A&a@}r>q35d~@nb5hsz4tDHrBnJ#|!5+u~eNW73"
    "rva6FuQnfjU`IV4zJCg=)$XXI^NN4HXBsR{G^K1<E84C|)ODK~fFVp>}rL_73z|ng|@3xX%EII*q?T>3QL-biioXR$BM;RNAyD(%y76p93*q"
    "rd(wFQDBq;n^|A_3I3;ROthwONJe*fZ+GRpMaAtUbz+g(?6G8C6heAXKjUNGm=G+U_-T>{9k;P9t7KAxr;bJqF<79L7v*9zY0=DVQ%%bBQbq"
    "Gsp%g4s#25Nf+mq!;ZJ{k=mn*a99Wm5fQsh|MCd=xyGndSR-d$o=w+^#Jp;7VbWu|DUis|K>T#1bEg5e-`O_$Z0D#^bEte)Md#3@JGRPmbG*"
    ")k^Bx79#s5*8}Jv{x1kDbta8Bi(~M<5<U>P0BIbyyiQzOB2mLqiY-sL7}TW6^1dIP9R@{*U31S$E1NLp&F{aSu&<t@}N{#tDA%6mJza`fU!&"
    "6?iN4I56xCtaaP$pYXki~QVOFX<#kI3z~Y)k#L*~|RU_2sT*Eh6<iosPg<vrv%*<<REfow(=yIy&>mqqAR;?9WyXCP~bLw3#!AVNY(HPp2DV"
    "MvjO&QeFOccZwEMRH3q)x`S*r}jb3i`LKmYRVVOPbPnT#lCK*w`x}@JM<T{4JCAWfMENxE*qxDBZ+RH+m1MHUjLx9I&#=Rk+bYUa=6RlBH#y"
    "1X1Dyl|WD%e6ZrDtt~)<-bjYsZK$&nHCaPx<G7Q$ED>yGMti%C+(;9bWQ%2PJ%qx2M|+ilAe(nNJXMh?oyMrvq|&{+xs+^`f7Cuw-&IO!N3X"
    "!C*tM~&$d?51!HDM=3*D%xQ+g^(QfKb1Hg3$;uw{%@Z8NB2b=5vetz1azOr#K8UiYl*DHlP4nbC}+(k3?E{2Pq!Y|!w#GTQaVic-sgo2%le!"
    "Gq^C#*6a`TUDsRjb=O@4G9LxX?<v7+faY*G^8eE3bU!Tbiky7+}tMV^TB#RM}HM$r&BUJCf7((tLWUDSeDdoYf3daWq&p6T&uyM8&kCiw%SL"
    "Vuhl|SbEuD|w9#7~E3*!+)|_P)cc~h9<tJy=IhAUxha&xWLG?y@xA3XDxHcL`LprQ9s#&Y)!sAr0V{}vDw%UcoNb7CTuyocak2@P!$)7WQZt"
    "P`h!n7E>3?@5j<5T0hio|6tg;^!JSZUo2+Ne}*%)6ewi)|WJ00*?H&{8x|1IvqMj_#OFNb2{_65U(o^(35r7;BY>AWKfl7&}Mxb}GTizER_{"
    "oV^k=_|j7UidJ&6Ob->ccB(eYb4@n}Z~e0Ev@lh63hv_o&h+p)%Um0$0mc-#Tn|sud<NdiP?b`kGOIc!Eu%%&LhByo58*1caTn%3XT>zB)?2"
    "l&C+3azGSqKy2w(FPx55_!S?%mx+Q5sbO;yik7@~#5TWJpn=frc61|f{LuCX(R5)r)75{IJL*`cANw_B}3C9|tuj<fS&*jb55wiWZqrJ0Q#5"
    ";x0qlr|5rPWvML3jnRBX#KZDYSpQ6Zn1S!T9vYz!qxcKBUsLt@XSzJB}KR8`ND*P`lZm3u!%$ZAElp}m+sxpzb)0yn_EszNAeeAo-1Y_Z0*p"
    "QDWx@2dkIuOAMN;5sh_8G)|-r&;L50d&&_9GO17!{Gdy9VoKTnORWn#E`;fDvT4)mCS$N1q)}dO{r}WlZhG<8*z=Ti1uKA!F*XqtT{eMQiiX"
    "8l@HtZiR51JGk_OPlURX1Scpyw%kupBWS!0m1v`pQxrNrBVqgg8y3%l`-D9|&O"
)


@functools.cache
def table() -> tuple[Any, Any]:
    """Where each run of code points ends, and its script."""
    plain = zlib.decompress(base64.b85decode(TABLE))
    lengths = [int(size, 16) for size in plain[RUNS:].split(b";")]
    return np.cumsum(lengths), np.frombuffer(plain[:RUNS], np.uint8).astype(np.int32)


@op
def script_of(xp, input):
    ends, scripts = table()
    known = (input >= 0) & (input <= 0x10FFFF)
    runs = xp.searchsorted(xp.asarray(ends), xp.where(known, input, 0), side="right")
    return xp.where(known, xp.asarray(scripts)[runs], np.int32(-1))


@public
def unicode_script(input: Any, name: str | None = None) -> Any:
    """The script of each code point (int32), as ICU numbers them: 25 is Latin, 8 Cyrillic, 17 Han; -1 for no character.

    >>> import gputape as tf
    >>> tf.strings.unicode_script([97, 1041, 26085]).numpy()
    array([25,  8, 17], dtype=int32)
    """
    x = as_tensor(input)
    if x._array.dtype != np.int32:
        raise InvalidArgumentError(f"unicode_script: input must be int32, not {x.dtype.name}")
    return script_of(x)


FLAT |= {"unicode_script"}
NAMES = {"tf.strings.unicode_script": unicode_script}
